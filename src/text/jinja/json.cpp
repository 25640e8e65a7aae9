#include <cmath>
#include <vector>

#include "text/jinja/dict.h"
#include "text/jinja/ops.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

void append_unit(std::string& out, char32_t unit) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(unit >> shift) & 0xFU];
}

/// A character as it stands between quotes.
void append_json_char(std::string& out, char32_t c, bool ascii) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\b':
      out += "\\b";
      return;
    default:
      break;
  }
  if (c >= 0x20 && (c < 0x7F || !ascii)) {
    put_char(out, c);
  } else if (c == 0x7F) {
    out += '\x7F';
  } else if (c < 0x10000) {
    append_unit(out, c);
  } else {
    append_unit(out, 0xD800 + ((c - 0x10000) >> 10));
    append_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FFU));
  }
}

void append_json_string(Marked& out, const Str& str, bool ascii) {
  append(out, "\"", false);
  MarkCursor cursor{str.input};
  std::string run_text;
  bool run_input = false;
  for (std::size_t at = 0; at < str.text.size() && !out.too_long;) {
    const bool input = is_input(cursor, at);
    if (input != run_input) {
      append(out, run_text, run_input);
      run_text.clear();
      run_input = input;
    }
    append_json_char(run_text, next_char(str.text, at), ascii);
  }
  append(out, run_text, run_input);
  append(out, "\"", false);
}

std::string json_real(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  return real_text(number);
}

void append_break(Marked& out, const JsonStyle& style, int depth) {
  if (!style.indented) return;
  append(out, "\n", false);
  for (int i = 0; i < depth && !out.too_long; ++i) append(out, *style.indent);
}

Expected<void> append_key(Marked& out, Value key, const JsonStyle& style) {
  switch (key.kind) {
    case Kind::string:
      append_json_string(out, *key.str, style.ascii);
      return {};
    case Kind::none:
      append(out, "\"null\"", false);
      return {};
    case Kind::boolean:
      append(out, key.flag ? "\"true\"" : "\"false\"", key.input);
      return {};
    case Kind::integer:
      append(out, '"' + std::to_string(key.integer) + '"', key.input);
      return {};
    case Kind::real:
      append(out, '"' + json_real(key.real) + '"', key.input);
      return {};
    default:
      return fail_run("keys must be str, int, float, bool or None, not " +
                      std::string(type_name(key)));
  }
}

/// The keys of a dict in the order to write them.
Expected<std::vector<Value>> ordered_keys(Run& run, const Dict& dict, bool sorted) {
  std::vector<Value> keys;
  for (const Entry& entry : dict.entries) keys.push_back(entry.key);
  if (!sorted) return keys;
  return sort_by(run, keys, keys, false);
}

Expected<void> append_json_dict(Run& run, Marked& out, const Dict& dict, const JsonStyle& style,
                                int depth) {
  if (dict.entries.empty()) {
    append(out, "{}", false);
    return {};
  }
  MR_TRY(const std::vector<Value> keys, ordered_keys(run, dict, style.sort_keys));
  append(out, "{", false);
  bool first = true;
  for (const Value key : keys) {
    if (!std::exchange(first, false)) append(out, *style.item_separator);
    append_break(out, style, depth + 1);
    MR_TRY_VOID(append_key(out, key, style));
    append(out, *style.key_separator);
    MR_TRY(const Value* value, find(run, dict, key));
    MR_TRY_VOID(append_json(run, out, *value, style, depth + 1));
  }
  append_break(out, style, depth);
  append(out, "}", false);
  return {};
}

}  // namespace

Expected<void> append_json(Run& run, Marked& out, Value value, const JsonStyle& style, int depth) {
  MR_TRY_VOID(charge(run));
  if (depth > kMaxDataDepth) return fail_run("maximum recursion depth exceeded in tojson");
  switch (value.kind) {
    case Kind::none:
      append(out, "null", false);
      return {};
    case Kind::boolean:
      append(out, value.flag ? "true" : "false", value.input);
      return {};
    case Kind::integer:
      append(out, std::to_string(value.integer), value.input);
      return {};
    case Kind::real:
      append(out, json_real(value.real), value.input);
      return {};
    case Kind::string:
      MR_TRY_VOID(charge_bytes(run, value.str->text.size()));
      append_json_string(out, *value.str, style.ascii);
      return {};
    case Kind::dict:
      return append_json_dict(run, out, *value.dict, style, depth);
    case Kind::list:
    case Kind::tuple:
      break;
    default:
      return fail_run("Object of type " + std::string(type_name(value)) +
                      " is not JSON serializable");
  }
  if (value.list->items.empty()) {
    append(out, "[]", false);
    return {};
  }
  append(out, "[", false);
  bool first = true;
  for (const Value item : value.list->items) {
    if (!std::exchange(first, false)) append(out, *style.item_separator);
    append_break(out, style, depth + 1);
    MR_TRY_VOID(append_json(run, out, item, style, depth + 1));
  }
  append_break(out, style, depth);
  append(out, "]", false);
  return {};
}

}  // namespace mr::text::jinja
