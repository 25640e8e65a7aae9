#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/error.h"

// PCRE2's own types, kept out of this header.
struct pcre2_real_code_8;

/// Regular expressions of tokenizer files for which there is no scanner, by PCRE2 under limits.
namespace mr::text {

struct FreeRegex {
  void operator()(pcre2_real_code_8* code) const;
};

/// A compiled pattern. Threads: any number may search with it.
struct Regex {
  std::unique_ptr<pcre2_real_code_8, FreeRegex> code;
};

/// Compiles a pattern written for Oniguruma or Rust's regex, as far as PCRE2 reads it so.
/// Errors: bad_model with PCRE2's message.
Expected<Regex> make_regex(std::string_view pattern);

/// Where a match stands in a text.
struct Match {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool found = false;
};

/// A search through texts: PCRE2's block for matches.
struct RegexSearch {
  explicit RegexSearch(const Regex& searched);
  RegexSearch(const RegexSearch&) = delete;
  RegexSearch& operator=(const RegexSearch&) = delete;
  ~RegexSearch();

  const Regex* regex = nullptr;
  void* block = nullptr;
  void* limits = nullptr;
};

/// The first match that is not empty at or after `from`.
/// Errors: does_not_fit where the pattern takes too many steps on this text.
Expected<Match> search(RegexSearch& state, std::string_view text, std::size_t from);

}  // namespace mr::text
