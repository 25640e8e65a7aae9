#include "text/jinja/print.h"

#include <charconv>
#include <cmath>

#include "text/jinja/ops.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

void append_hex(std::string& out, char32_t c, int n_digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int i = n_digits - 1; i >= 0; --i) out += kDigits[(c >> (4 * i)) & 0xFU];
}

void append_string_repr(Marked& out, const Str& str) {
  if (str.markup) append(out, "Markup(", false);
  const bool has_single = str.text.find('\'') != std::string_view::npos;
  const bool has_double = str.text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  append(out, {&quote, 1}, false);
  MarkCursor cursor{str.input};
  std::string piece;
  for (std::size_t at = 0; at < str.text.size() && !out.too_long;) {
    const std::size_t begin = at;
    const char32_t c = next_char(str.text, at);
    piece.clear();
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
      piece = {'\\', static_cast<char>(c)};
    } else if (c == '\n' || c == '\r' || c == '\t') {
      piece = c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (is_printable(c)) {
      piece = str.text.substr(begin, at - begin);
    } else if (c < 0x100) {
      piece = "\\x";
      append_hex(piece, c, 2);
    } else {
      piece = c < 0x10000 ? "\\u" : "\\U";
      append_hex(piece, c, c < 0x10000 ? 4 : 8);
    }
    append(out, piece, is_input(cursor, begin));
  }
  append(out, {&quote, 1}, false);
  if (str.markup) append(out, ")", false);
}

Expected<void> append_items(Run& run, Marked& out, std::span<const Value> items, int depth) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) append(out, ", ", false);
    MR_TRY_VOID(append_repr(run, out, items[i], depth));
  }
  return {};
}

Expected<void> append_entries(Run& run, Marked& out, std::span<const Entry> entries, int depth) {
  append(out, "{", false);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) append(out, ", ", false);
    MR_TRY_VOID(append_repr(run, out, entries[i].key, depth));
    append(out, ": ", false);
    MR_TRY_VOID(append_repr(run, out, entries[i].value, depth));
  }
  append(out, "}", false);
  return {};
}

Expected<void> append_view(Run& run, Marked& out, const View& view, int depth) {
  append(out, type_name({.kind = Kind::view, .view = &view}), false);
  append(out, "([", false);
  bool first = true;
  for (const Entry& entry : view.dict->entries) {
    if (!std::exchange(first, false)) append(out, ", ", false);
    if (view.part == View::Part::items) append(out, "(", false);
    if (view.part != View::Part::values) MR_TRY_VOID(append_repr(run, out, entry.key, depth));
    if (view.part == View::Part::items) append(out, ", ", false);
    if (view.part != View::Part::keys) MR_TRY_VOID(append_repr(run, out, entry.value, depth));
    if (view.part == View::Part::items) append(out, ")", false);
  }
  append(out, "])", false);
  return {};
}

/// Things that Python prints with their address, which a template must not depend on.
std::string object_repr(Run& run, Value value) {
  switch (value.kind) {
    case Kind::generator:
      return "<" + std::string(type_name(value)) + " object>";
    case Kind::macro:
      return value.macro->stmt->name == kNone
                 ? "<Macro anonymous>"
                 : "<Macro '" + run.parsed.names[value.macro->stmt->name] + "'>";
    case Kind::function:
      return "<function " + std::string(value.function->name) + ">";
    case Kind::loop:
      return "<LoopContext " + std::to_string(value.loop->index + 1) + "/" +
             std::to_string(value.loop->items.size()) + ">";
    default:
      return "<" + std::string(type_name(value)) + " object>";
  }
}

std::string range_text(const Interval& interval) {
  std::string text =
      "range(" + std::to_string(interval.start) + ", " + std::to_string(interval.stop);
  if (interval.step != 1) text += ", " + std::to_string(interval.step);
  return text + ")";
}

}  // namespace

std::string real_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  const std::string_view scientific(buffer, static_cast<std::size_t>(end.ptr - buffer));
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  const char* digits = scientific.data() + e + 1;
  std::from_chars(*digits == '+' ? digits + 1 : digits, end.ptr, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(scientific);
  char fixed[64];
  const auto stop = std::to_chars(fixed, fixed + sizeof fixed, number, std::chars_format::fixed);
  std::string text(fixed, stop.ptr);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

Expected<void> append_repr(Run& run, Marked& out, Value value, int depth) {
  MR_TRY_VOID(charge(run));
  if (depth > kMaxDataDepth) return fail_run("maximum recursion depth exceeded in repr");
  switch (value.kind) {
    case Kind::string:
      MR_TRY_VOID(charge_bytes(run, value.str->text.size()));
      append_string_repr(out, *value.str);
      break;
    case Kind::undefined:
      if (value.undef->unsafe) return fail_undefined(value);
      append(out, "Undefined", false);
      break;
    case Kind::none:
      append(out, "None", false);
      break;
    case Kind::boolean:
      append(out, value.flag ? "True" : "False", value.input);
      break;
    case Kind::integer:
      append(out, std::to_string(value.integer), value.input);
      break;
    case Kind::real:
      append(out, real_text(value.real), value.input);
      break;
    case Kind::list:
      append(out, "[", false);
      MR_TRY_VOID(append_items(run, out, value.list->items, depth + 1));
      append(out, "]", false);
      break;
    case Kind::tuple:
      append(out, "(", false);
      MR_TRY_VOID(append_items(run, out, value.list->items, depth + 1));
      append(out, value.list->items.size() == 1 ? ",)" : ")", false);
      break;
    case Kind::dict:
      return append_entries(run, out, value.dict->entries, depth + 1);
    case Kind::view:
      return append_view(run, out, *value.view, depth + 1);
    case Kind::range:
      append(out, range_text(*value.interval), false);
      break;
    case Kind::space:
      append(out, "<Namespace ", false);
      MR_TRY_VOID(append_entries(run, out, value.space->attributes.first(value.space->n_attributes),
                                 depth + 1));
      append(out, ">", false);
      break;
    default:
      append(out, object_repr(run, value), false);
  }
  return {};
}

Expected<void> append_str(Run& run, Marked& out, Value value) {
  if (is_string(value)) {
    MR_TRY_VOID(charge_bytes(run, value.str->text.size()));
    append(out, *value.str);
    return {};
  }
  if (is_undefined(value) && !value.undef->unsafe) return {};
  return append_repr(run, out, value);
}

Expected<Value> to_str(Run& run, Value value) {
  if (is_string(value)) {
    if (!value.str->markup) return value;
    return from(keep(run.heap, Str{value.str->text, value.str->input}));
  }
  Marked text = marked(run);
  MR_TRY_VOID(append_str(run, text, value));
  return finish(run, text);
}

Expected<Value> soft_str(Run& run, Value value) {
  return is_string(value) ? Expected<Value>(value) : to_str(run, value);
}

}  // namespace mr::text::jinja
