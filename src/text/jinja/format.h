#pragma once
#include <string_view>

#include "text/jinja/run.h"

/// Python's two ways to fill a string: `"%s" % value` and `"{}".format(value)`.
namespace mr::text::jinja {

Expected<Value> format_percent(Run& run, const Str& format, Value values);
Expected<Value> format_braces(Run& run, const Str& format, const Args& args);

/// The mini-language behind both. Source: Python library reference, "Format Specification".
struct FormatSpec {
  char32_t fill = ' ';
  char align = 0;  ///< < > ^ = or 0: the type's own
  char sign = 0;   ///< + - or blank, 0 where not given
  bool alternate = false;
  char grouping = 0;
  std::int64_t width = 0;
  std::int64_t precision = -1;
  char type = 0;
};

/// A number in the way a spec asks for, without padding; an empty text for a bad type.
/// Errors: a precision out of reach.
Expected<std::string> format_number(const FormatSpec& spec, Value value);

/// Text padded to the width of a spec; `align` is the type's own alignment.
void append_padded(Marked& out, const FormatSpec& spec, char align, const Str& text);

}  // namespace mr::text::jinja
