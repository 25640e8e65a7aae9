#pragma once
#include "text/jinja/run.h"

namespace mr::text::jinja {

/// How the filter wordwrap breaks lines.
struct WrapStyle {
  std::int64_t width = 79;
  bool break_words = true;     ///< longer than a line
  bool split_hyphens = true;   ///< words with hyphens are several
  bool prefer_hyphens = true;  ///< break a long word behind one
  const Str* separator = nullptr;
};

/// What Python's textwrap makes of each line of a text, its whitespace kept.
/// Errors: a width of no character. Cost: linear.
Expected<Value> wrap_words(Run& run, const Str& str, const WrapStyle& style);

}  // namespace mr::text::jinja
