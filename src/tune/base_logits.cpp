#include "tune/base_logits.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "base/quote.h"
#include "tune/perplexity.h"

namespace mr::tune {
namespace {

constexpr std::uint64_t kMagic = 0x31657361426c6c4dULL;  // "MllBase1"
constexpr float kRange = 16.0F;                          // nats below a row's largest
constexpr float kSteps = 65535.0F;

/// The file: this, then rows of n_vocab steps, each behind the row's largest log-probability.
struct Header {
  std::uint64_t magic = kMagic;
  BaseShape shape;
};
static_assert(sizeof(Header) == 32);

std::size_t row_size(const BaseShape& shape) {
  return sizeof(float) + static_cast<std::size_t>(shape.n_vocab) * sizeof(std::uint16_t);
}

std::string text(const BaseShape& shape) {
  return "vocabulary of " + std::to_string(shape.n_vocab) + ", " + std::to_string(shape.n_windows) +
         " windows of " + std::to_string(shape.n_context) + ", text " +
         std::to_string(shape.tokens_hash);
}

}  // namespace

std::uint64_t hash_of(std::span<const std::int32_t> tokens) {
  return XXH3_64bits(tokens.data(), tokens.size_bytes());
}

Expected<BaseWriter> make_base_writer(const std::string& path, const BaseShape& shape) {
  BaseWriter writer;
  MR_TRY(writer.file, sys::create(path));
  writer.row.resize(row_size(shape) / sizeof(std::uint16_t));
  const Header header{.shape = shape};
  MR_TRY_VOID(sys::append(writer.file, std::as_bytes(std::span(&header, 1))));
  return writer;
}

Expected<void> write_row(BaseWriter& writer, std::span<const float> logits) {
  const auto top = *std::max_element(logits.begin(), logits.end());
  const auto norm = static_cast<float>(log_normalizer(logits));
  const float largest = top - norm;
  std::memcpy(writer.row.data(), &largest, sizeof largest);
  std::uint16_t* out = writer.row.data() + sizeof largest / sizeof *out;
  for (const float logit : logits) {
    const float below = std::min(top - logit, kRange);
    *out++ = static_cast<std::uint16_t>(std::lround(below / kRange * kSteps));
  }
  return sys::append(writer.file, std::as_bytes(std::span(writer.row)));
}

Expected<void> finish(BaseWriter& writer) {
  return sys::commit(writer.file);
}

Expected<BaseReader> open_base(const std::string& path, const BaseShape& wanted) {
  BaseReader reader;
  MR_TRY(reader.file, sys::map_file(path));
  Header header;
  if (reader.file.bytes >= sizeof header) {
    std::memcpy(&header, reader.file.data, sizeof header);
  }
  if (reader.file.bytes < sizeof header || header.magic != kMagic) {
    return fail(Fault::bad_request, quote(path) + ": wanted logits that --save-logits wrote");
  }
  reader.shape = header.shape;
  if (std::memcmp(&reader.shape, &wanted, sizeof wanted) != 0) {
    return fail(Fault::bad_request, quote(path) + ": wanted logits of a " + text(wanted) +
                                        "; found a " + text(reader.shape));
  }
  const std::uint64_t left = reader.file.bytes - sizeof header;
  reader.n_rows = static_cast<std::int64_t>(left / row_size(wanted));
  const std::int64_t rows = std::int64_t{wanted.n_windows} * scored_tokens(wanted.n_context);
  if (reader.n_rows != rows || left % row_size(wanted) != 0) {
    return fail(Fault::bad_request, quote(path) + ": wanted " + std::to_string(rows) +
                                        " rows, found " + std::to_string(reader.n_rows));
  }
  return reader;
}

void read_row(const BaseReader& reader, std::int64_t row, std::span<float> log_probabilities) {
  const std::byte* at =
      reader.file.data + sizeof(Header) + static_cast<std::size_t>(row) * row_size(reader.shape);
  float largest;
  std::memcpy(&largest, at, sizeof largest);
  at += sizeof largest;
  for (float& log_p : log_probabilities) {
    std::uint16_t step;
    std::memcpy(&step, at, sizeof step);
    at += sizeof step;
    log_p = largest - static_cast<float>(step) / kSteps * kRange;
  }
}

}  // namespace mr::tune
