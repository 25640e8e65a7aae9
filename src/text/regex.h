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

/// Compiles a pattern written for Oniguruma, which Hugging Face's tokenizers use (regex_syntax.h).
/// Errors: bad_model with PCRE2's message.
Expected<Regex> make_regex(std::string_view pattern);

/// Where a match stands in a text.
struct Match {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool found = false;
};

/// A search through a text: PCRE2's block for matches, and how far `next_match` has come.
struct RegexSearch {
  explicit RegexSearch(const Regex& searched);
  RegexSearch(const RegexSearch&) = delete;
  RegexSearch& operator=(const RegexSearch&) = delete;
  ~RegexSearch();

  const Regex* regex = nullptr;
  void* block = nullptr;
  void* limits = nullptr;
  std::size_t at = 0;
  std::size_t last_end = ~std::size_t{0};  // of the match before
};

/// The first match at or after `from`.
/// Errors: does_not_fit where the pattern takes too many steps on this text.
Expected<Match> search(RegexSearch& state, std::string_view text, std::size_t from);

/// The next match of a walk through a text; an empty one where another ends does not count, which
/// is how Oniguruma's iterator goes on.
Expected<Match> next_match(RegexSearch& state, std::string_view text);

}  // namespace mr::text
