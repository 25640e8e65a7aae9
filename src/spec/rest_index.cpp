#include "spec/rest_index.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "sys/out_file.h"

namespace mr::spec {
namespace {

constexpr std::array<char, 8> kMagic{'M', 'R', 'R', 'E', 'S', 'T', '0', '1'};
constexpr std::size_t kCompared = 64;  ///< tokens of suffixes, for their order

struct Header {
  std::array<char, 8> magic;
  std::uint64_t fingerprint;
  std::uint64_t n_tokens;
  std::uint64_t n_vocab;
  std::uint64_t hash;  ///< XXH3 of what follows: tokens, then suffixes, 4 bytes each
};

std::span<const std::int32_t> suffix(std::span<const std::int32_t> tokens, std::uint32_t begin) {
  return tokens.subspan(begin, std::min(kCompared, tokens.size() - begin));
}

std::uint64_t hash_of(std::span<const std::byte> tokens, std::span<const std::byte> suffixes) {
  const std::uint64_t first = XXH3_64bits(tokens.data(), tokens.size());
  return XXH3_64bits_withSeed(suffixes.data(), suffixes.size(), first);
}

tl::unexpected<Error> damaged(const std::string& path, const std::string& what) {
  return fail(Fault::bad_model, path + ": wanted an index of rest-index, found " + what);
}

}  // namespace

std::uint64_t fingerprint(const text::Tokenizer& tok) {
  std::uint64_t hash = text::n_tokens(tok);
  for (std::size_t id = 0; id < text::n_tokens(tok); ++id) {
    const std::string bytes = text::piece_bytes(tok, static_cast<text::Id>(id), false);
    hash = XXH3_64bits_withSeed(bytes.data(), bytes.size(), hash);
  }
  return hash;
}

Expected<void> write_rest_index(const std::string& path, std::span<const std::int32_t> tokens,
                                std::int32_t n_vocab, std::uint64_t tokenizer_fingerprint) {
  if (tokens.size() >= std::size_t{1} << 31) {
    return fail(Fault::does_not_fit,
                "corpus: wanted fewer than 2^31 tokens, found " + std::to_string(tokens.size()));
  }
  std::vector<std::uint32_t> order(tokens.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    const auto x = suffix(tokens, a);
    const auto y = suffix(tokens, b);
    const auto [in_x, in_y] = std::ranges::mismatch(x, y);
    if (in_y == y.end()) return in_x == x.end() && a < b;
    return in_x == x.end() || *in_x < *in_y;
  });
  const std::span<const std::byte> parts[2] = {std::as_bytes(tokens),
                                               std::as_bytes(std::span(order))};
  const Header header{.magic = kMagic,
                      .fingerprint = tokenizer_fingerprint,
                      .n_tokens = tokens.size(),
                      .n_vocab = static_cast<std::uint64_t>(n_vocab),
                      .hash = hash_of(parts[0], parts[1])};
  MR_TRY(sys::OutFile file, sys::create(path));
  MR_TRY_VOID(sys::append(file, std::as_bytes(std::span(&header, 1))));
  MR_TRY_VOID(sys::append(file, parts[0]));
  MR_TRY_VOID(sys::append(file, parts[1]));
  return sys::commit(file);
}

Expected<RestIndex> open_rest_index(const std::string& path, std::int32_t n_vocab,
                                    std::uint64_t tokenizer_fingerprint) {
  RestIndex index;
  MR_TRY(index.file, sys::map_file(path));
  const std::span<const std::byte> all = sys::bytes(index.file);
  Header header;
  if (all.size() < sizeof header) return damaged(path, std::to_string(all.size()) + " bytes");
  std::memcpy(&header, all.data(), sizeof header);
  if (header.magic != kMagic) return damaged(path, "another kind of file");
  const std::span<const std::byte> rest = all.subspan(sizeof header);
  if (header.n_tokens > rest.size() || rest.size() != 8 * header.n_tokens) {
    return damaged(path, std::to_string(all.size()) + " bytes where its header says " +
                             std::to_string(header.n_tokens) + " tokens");
  }
  if (header.fingerprint != tokenizer_fingerprint ||
      header.n_vocab != static_cast<std::uint64_t>(n_vocab)) {
    return fail(Fault::bad_model, path + ": wanted an index made with this model's tokenizer, " +
                                      "found one of another (" + std::to_string(header.n_vocab) +
                                      " tokens, this model has " + std::to_string(n_vocab) + ")");
  }
  const std::size_t half = 4 * header.n_tokens;
  if (header.hash != hash_of(rest.first(half), rest.subspan(half))) {
    return damaged(path, "contents that do not match its checksum");
  }
  // The header has 40 bytes and mappings begin on pages, so both arrays are aligned.
  index.tokens = {reinterpret_cast<const std::int32_t*>(rest.data()), header.n_tokens};
  index.suffixes = {reinterpret_cast<const std::uint32_t*>(rest.data() + half), header.n_tokens};
  const bool sound =
      std::ranges::all_of(index.tokens, [&](std::int32_t t) { return t >= -1 && t < n_vocab; }) &&
      std::ranges::all_of(index.suffixes, [&](std::uint32_t s) { return s < header.n_tokens; });
  if (!sound) return damaged(path, "tokens or places that do not exist");
  return index;
}

std::span<const std::uint32_t> find(const RestIndex& index, std::span<const std::int32_t> wanted) {
  const auto head = [&](std::uint32_t begin) {
    const auto own = suffix(index.tokens, begin);
    return own.first(std::min(own.size(), wanted.size()));
  };
  const auto less = [&](std::uint32_t begin) {
    return std::ranges::lexicographical_compare(head(begin), wanted);
  };
  const auto not_greater = [&](std::uint32_t begin) {
    return !std::ranges::lexicographical_compare(wanted, head(begin));
  };
  const auto first = std::ranges::partition_point(index.suffixes, less);
  const auto last = std::ranges::partition_point(first, index.suffixes.end(), not_greater);
  return {first, last};
}

}  // namespace mr::spec
