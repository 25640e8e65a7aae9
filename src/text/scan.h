#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "text/unicode.h"

/// Hand-written scanners for the split rules of known pre-tokenizers. Each gives what its regular
/// expression gives on every text (scan_test.cpp compares them with PCRE2), in linear time.
namespace mr::text {

/// What a scanner found at a place: `skip` bytes that its rule does not match, then `take` bytes
/// that are one match. take == 0 only where skip reaches further (possibly to the end).
struct Cut {
  std::size_t skip = 0;
  std::size_t take = 0;
};

/// Looks for the next match in [p, end), p < end.
using Scan = Cut (*)(const char* p, const char* end);

/// A scanner with the regular expressions (as they stand in tokenizer.json files and in tiktoken)
/// that it replaces.
struct Scanner {
  std::string_view name;
  Scan scan = nullptr;
  std::span<const std::string_view> patterns;
};

std::span<const Scanner> scanners();

/// The name of the scanner that does what `pattern` says, or nothing.
std::string_view scanner_of_pattern(std::string_view pattern);
/// The scanner of that name, or null.
Scan scanner_by_name(std::string_view name);

/// The scanners of one pre-tokenizer, to be applied one after the other, each to the parts that
/// the one before it made. Names are those of GGUF's `tokenizer.ggml.pre`; empty where unknown.
std::span<const std::string_view> scanners_of_pre(std::string_view pre);

}  // namespace mr::text
