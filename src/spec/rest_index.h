#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "sys/mapped_file.h"
#include "text/tokenizer.h"

namespace mr::spec {

/// A corpus as tokens with its suffix array, mapped from a file: the datastore of REST.
/// Source: arXiv:2311.08252.
struct RestIndex {
  sys::MappedFile file;
  std::span<const std::int32_t> tokens;
  std::span<const std::uint32_t> suffixes;  ///< where each suffix begins, in their order
};

/// A number that two tokenizers share only where they have the same tokens with the same ids.
std::uint64_t fingerprint(const text::Tokenizer& tok);

/// Writes the index of a corpus. Errors: does_not_fit for more than 2^31 tokens, failed.
/// Cost: O(n log n) comparisons of suffixes, which look at 64 tokens at most.
Expected<void> write_rest_index(const std::string& path, std::span<const std::int32_t> tokens,
                                std::int32_t n_vocab, std::uint64_t tokenizer_fingerprint);

/// Maps an index and checks all of it: size, checksum, every token and suffix.
/// Errors: bad_model where it is damaged, or of another tokenizer.
Expected<RestIndex> open_rest_index(const std::string& path, std::int32_t n_vocab,
                                    std::uint64_t tokenizer_fingerprint);

/// The suffixes that begin with `wanted`, as a part of the suffix array.
std::span<const std::uint32_t> find(const RestIndex& index, std::span<const std::int32_t> wanted);

}  // namespace mr::spec
