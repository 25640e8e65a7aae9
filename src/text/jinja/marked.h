#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace mr::text::jinja {

/// Text under construction that remembers which of its bytes came from input.
struct Marked {
  std::size_t max_bytes;
  std::string text;
  std::vector<Range> input = {};
  bool too_long = false;  ///< something did not fit in max_bytes and was dropped
};

/// Puts text behind what is there.
void append(Marked& out, std::string_view text, bool input);
/// The same with bytes [begin, end) of a string, marks included.
void append(Marked& out, const Str& str, std::size_t begin, std::size_t end);
void append(Marked& out, const Str& str);
/// The same with other marked text.
void append(Marked& out, const Marked& more);

/// Tells for rising positions of a string whether the byte there came from input.
struct MarkCursor {
  std::span<const Range> input;
  std::size_t next = 0;
};
bool is_input(MarkCursor& cursor, std::size_t position);

}  // namespace mr::text::jinja
