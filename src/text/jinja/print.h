#pragma once
#include <string>

#include "text/jinja/run.h"

/// Values as text, as Python writes them.
namespace mr::text::jinja {

/// What str(value) gives. Errors: an unsafe attribute; data nested too deeply.
Expected<void> append_str(Run& run, Marked& out, Value value);
/// What repr(value) gives.
Expected<void> append_repr(Run& run, Marked& out, Value value, int depth = 0);
/// str(value) as a string without markup.
Expected<Value> to_str(Run& run, Value value);
/// The same, but strings stay what they are.
Expected<Value> soft_str(Run& run, Value value);

/// repr() of a float: the shortest digits that read back as the same number.
std::string real_text(double number);

/// How json.dumps writes.
struct JsonStyle {
  bool ascii = false;
  bool indented = false;
  const Str* indent = nullptr;  ///< for each level, if indented
  const Str* item_separator = nullptr;
  const Str* key_separator = nullptr;
  bool sort_keys = false;
};
/// What json.dumps(value) gives.
Expected<void> append_json(Run& run, Marked& out, Value value, const JsonStyle& style,
                           int depth = 0);

}  // namespace mr::text::jinja
