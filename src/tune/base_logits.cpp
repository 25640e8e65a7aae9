#include "tune/base_logits.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/checked.h"
#include "base/quote.h"
#include "tune/perplexity.h"

namespace mr::tune {
namespace {

constexpr char kMagic[8] = {'_', 'l', 'o', 'g', 'i', 't', 's', '_'};
constexpr float kRange = 16.0F;  // nats below a row's largest
constexpr float kSteps = 65535.0F;
constexpr std::size_t kRowHead = 2 * sizeof(float) / sizeof(std::uint16_t);

struct Header {
  char magic[8];
  BaseShape shape;
};
static_assert(sizeof(Header) == 20);

/// Words of a row.
std::size_t row_words(std::int32_t n_vocab) {
  return kRowHead + (static_cast<std::size_t>(n_vocab) + 1) / 2 * 2;
}

std::size_t window_tokens(const BaseShape& shape) {
  return static_cast<std::size_t>(shape.n_windows) * static_cast<std::size_t>(shape.n_context);
}

std::string text(const BaseShape& shape) {
  return std::to_string(shape.n_windows) + " windows of " + std::to_string(shape.n_context) +
         " tokens, vocabulary of " + std::to_string(shape.n_vocab);
}

/// The bytes that a file of this shape has, where a number holds them.
std::optional<std::uint64_t> bytes_of(const BaseShape& shape) {
  if (shape.n_context < 2 || shape.n_vocab < 1 || shape.n_windows < 1) return std::nullopt;
  const auto tokens = static_cast<std::uint64_t>(window_tokens(shape));
  const auto rows = static_cast<std::uint64_t>(shape.n_windows) *
                    static_cast<std::uint64_t>(scored_tokens(shape.n_context));
  const auto data = checked::mul(rows, std::uint64_t{2 * row_words(shape.n_vocab)});
  if (!data) return std::nullopt;
  return checked::add(*data, sizeof(Header) + tokens * sizeof(std::int32_t));
}

}  // namespace

Expected<BaseWriter> make_base_writer(const std::string& path, const BaseShape& shape,
                                      std::span<const std::int32_t> tokens) {
  BaseWriter writer;
  MR_TRY(writer.file, sys::create(path));
  writer.row.resize(row_words(shape.n_vocab));
  Header header{.magic = {}, .shape = shape};
  std::copy_n(kMagic, sizeof kMagic, header.magic);
  MR_TRY_VOID(sys::append(writer.file, std::as_bytes(std::span(&header, 1))));
  MR_TRY_VOID(sys::append(writer.file, std::as_bytes(tokens.first(window_tokens(shape)))));
  return writer;
}

Expected<void> write_row(BaseWriter& writer, std::span<const float> logits) {
  const auto [low, high] = std::minmax_element(logits.begin(), logits.end());
  const float least = std::max(*low, *high - kRange);
  const float step = (*high - least) / kSteps;
  const float least_log_p = least - static_cast<float>(log_normalizer(logits));
  std::memcpy(writer.row.data(), &step, sizeof step);
  std::memcpy(writer.row.data() + kRowHead / 2, &least_log_p, sizeof least_log_p);
  std::uint16_t* out = writer.row.data() + kRowHead;
  for (const float logit : logits) {
    const float above = step > 0 ? std::max(0.0F, logit - least) / step : 0.0F;
    *out++ = static_cast<std::uint16_t>(std::lround(std::min(above, kSteps)));
  }
  return sys::append(writer.file, std::as_bytes(std::span(writer.row)));
}

Expected<void> finish(BaseWriter& writer) {
  return sys::commit(writer.file);
}

Expected<BaseReader> open_base(const std::string& path, const BaseShape& wanted,
                               std::span<const std::int32_t> tokens) {
  BaseReader reader;
  reader.path = path;
  MR_TRY(reader.file, sys::map_file(path));
  const auto refuse = [&](const std::string& what) {
    return fail(Fault::bad_request, quote(path) + ": wanted " + what);
  };
  Header header{};
  if (reader.file.bytes >= sizeof header) {
    std::memcpy(&header, reader.file.data, sizeof header);
  }
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) {
    return refuse("logits that --save-logits or llama.cpp's perplexity tool wrote");
  }
  const BaseShape& found = header.shape;
  if (found.n_context != wanted.n_context || found.n_vocab != wanted.n_vocab ||
      found.n_windows < wanted.n_windows) {
    return refuse(text(wanted) + "; found " + text(found));
  }
  const auto bytes = bytes_of(found);
  if (!bytes || *bytes != reader.file.bytes) {
    return refuse((bytes ? std::to_string(*bytes) : std::string("other")) + " bytes, found " +
                  std::to_string(reader.file.bytes));
  }
  const std::size_t n_compared = window_tokens(wanted) * sizeof(std::int32_t);
  if (std::memcmp(reader.file.data + sizeof header, tokens.data(), n_compared) != 0) {
    return refuse("logits of this text by this tokenizer; found those of others");
  }
  reader.n_vocab = found.n_vocab;
  reader.first_row = sizeof header + window_tokens(found) * sizeof(std::int32_t);
  return reader;
}

Expected<void> read_row(const BaseReader& reader, std::int64_t row,
                        std::span<float> log_probabilities) {
  const std::size_t row_bytes = row_words(reader.n_vocab) * sizeof(std::uint16_t);
  const std::byte* at =
      reader.file.data + reader.first_row + static_cast<std::size_t>(row) * row_bytes;
  float step;
  float least;
  std::memcpy(&step, at, sizeof step);
  std::memcpy(&least, at + sizeof step, sizeof least);
  if (!std::isfinite(step) || !std::isfinite(least) || step < 0) {
    return fail(Fault::bad_request, quote(reader.path) + ": row " + std::to_string(row) +
                                        ": wanted finite numbers and a step not below 0");
  }
  at += kRowHead * sizeof(std::uint16_t);
  for (float& log_p : log_probabilities) {
    std::uint16_t multiple;
    std::memcpy(&multiple, at, sizeof multiple);
    at += sizeof multiple;
    log_p = least + static_cast<float>(multiple) * step;
  }
  return {};
}

}  // namespace mr::tune
