#include "text/jinja/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "text/jinja/access.h"
#include "text/jinja/dict.h"
#include "text/jinja/escape.h"
#include "text/jinja/ops.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

/// A whole number at `at`, which moves behind it; -1 where there is none.
Expected<std::int64_t> read_count(std::string_view text, std::size_t& at) {
  std::int64_t number = -1;
  const auto read = std::from_chars(text.data() + at, text.data() + text.size(), number);
  if (at < text.size() && text[at] == '-') return -1;
  if (read.ec == std::errc::result_out_of_range) return fail_run("width or precision too big");
  at = static_cast<std::size_t>(read.ptr - text.data());
  return number;
}

bool is_one_of(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

/// An empty string for anything that is not ASCII: what !a gives.
Expected<Value> ascii_repr(Run& run, Value value) {
  Marked text = marked(run);
  MR_TRY_VOID(append_repr(run, text, value));
  Marked out = marked(run);
  MarkCursor cursor{text.input};
  for (std::size_t at = 0; at < text.text.size();) {
    const bool input = is_input(cursor, at);
    const char32_t c = next_char(text.text, at);
    char escape[12];
    const int n = c < 0x80      ? std::snprintf(escape, sizeof escape, "%c", static_cast<int>(c))
                  : c < 0x100   ? std::snprintf(escape, sizeof escape, "\\x%02x", c)
                  : c < 0x10000 ? std::snprintf(escape, sizeof escape, "\\u%04x", c)
                                : std::snprintf(escape, sizeof escape, "\\U%08x", c);
    append(out, {escape, static_cast<std::size_t>(n)}, input);
  }
  return finish(run, out);
}

Expected<Value> converted(Run& run, Value value, char conversion) {
  if (conversion == 's') return to_str(run, value);
  if (conversion == 'a') return ascii_repr(run, value);
  Marked text = marked(run);
  MR_TRY_VOID(append_repr(run, text, value));
  return finish(run, text);
}

// ---- "%s" % value

struct Percent {
  Run& run;
  const Str& format;
  Value values;
  std::size_t at = 0;
  std::size_t n_used = 0;
  Marked out;
};

Expected<Value> next_value(Percent& percent) {
  const bool is_tuple = percent.values.kind == Kind::tuple;
  const std::size_t n = is_tuple ? percent.values.list->items.size() : 1;
  if (percent.n_used >= n) return fail_run("not enough arguments for format string");
  const std::size_t i = percent.n_used++;
  return is_tuple ? percent.values.list->items[i] : percent.values;
}

Expected<std::int64_t> star_or_count(Percent& percent) {
  const std::string_view text = percent.format.text;
  if (percent.at >= text.size() || text[percent.at] != '*') return read_count(text, percent.at);
  ++percent.at;
  MR_TRY(const Value value, next_value(percent));
  if (!is_integral(value)) return fail_run("* wants int");
  return to_integer(value);
}

/// (name) behind the percent sign: the value it names, or missing.
Expected<Value> named_value(Percent& percent) {
  const std::string_view text = percent.format.text;
  if (percent.at >= text.size() || text[percent.at] != '(') return Value{};
  if (percent.values.kind != Kind::dict) return fail_run("format requires a mapping");
  const std::size_t begin = ++percent.at;
  for (int depth = 1; depth > 0; ++percent.at) {
    if (percent.at >= text.size()) return fail_run("incomplete format key");
    depth += text[percent.at] == '(' ? 1 : text[percent.at] == ')' ? -1 : 0;
  }
  const std::string_view key = text.substr(begin, percent.at - 1 - begin);
  const Value* value = find_text(*percent.values.dict, key);
  if (value == nullptr) return fail_run("KeyError: '" + std::string(key) + "'");
  return *value;
}

Expected<void> append_percent_number(Percent& percent, FormatSpec spec, Value value, bool zero) {
  const bool wants_real = is_one_of("eEfFgG", spec.type);
  if (!is_number(value) ||
      (!wants_real && value.kind == Kind::real && is_one_of("xXo", spec.type))) {
    return fail_run(std::string("%") + spec.type + " format: a real number is required, not " +
                    std::string(type_name(value)));
  }
  if (!wants_real && value.kind == Kind::real) {
    if (!(std::abs(value.real) < 0x1p63)) return fail_run("cannot convert float to integer");
    value = integer(static_cast<std::int64_t>(value.real), value.input);
  }
  const std::int64_t n_digits = wants_real ? 0 : std::exchange(spec.precision, -1);
  MR_TRY(std::string digits, format_number(spec, value));
  const std::size_t n_sign = !digits.empty() && is_one_of("+- ", digits[0]) ? 1 : 0;
  if (n_digits > static_cast<std::int64_t>(digits.size() - n_sign)) {
    if (n_digits > 1000) return fail_run("precision too big");
    digits.insert(n_sign, static_cast<std::size_t>(n_digits) - (digits.size() - n_sign), '0');
  }
  if (zero && spec.align == 0) {
    spec.fill = '0';
    spec.align = '=';
  }
  const Range all{0, digits.size()};
  append_padded(
      percent.out, spec, '>',
      Str{digits, value.input ? std::span<const Range>(&all, 1) : std::span<const Range>()});
  return {};
}

Expected<void> append_percent_text(Percent& percent, FormatSpec spec, Value value) {
  Run& run = percent.run;
  if (spec.type == 'c' && is_integral(value)) {
    const std::int64_t code = to_integer(value);
    if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      return fail_run("%c arg not in range(0x110000)");
    }
    Marked text = marked(run);
    std::string c;
    put_char(c, static_cast<char32_t>(code));
    append(text, c, value.input);
    MR_TRY(value, finish(run, text));
  } else if (spec.type == 'c') {
    if (!is_string(value) || n_chars(value.str->text) != 1) {
      return fail_run("%c requires int or char");
    }
  } else if (spec.type != 's' || !percent.format.markup) {
    MR_TRY(value, converted(run, value, spec.type));
  }
  if (percent.format.markup) {
    MR_TRY(value, escaped(run, value));
  }
  const Str& str = *value.str;
  const std::size_t end = spec.precision < 0
                              ? str.text.size()
                              : char_offset(str.text, static_cast<std::size_t>(spec.precision));
  append_padded(percent.out, spec, '>', *slice(run.heap, str, 0, end).str);
  return {};
}

Expected<void> append_percent(Percent& percent) {
  const std::string_view text = percent.format.text;
  MR_TRY(Value value, named_value(percent));
  FormatSpec spec;
  bool zero = false;
  for (; percent.at < text.size() && is_one_of("-+ #0", text[percent.at]); ++percent.at) {
    switch (text[percent.at]) {
      case '-':
        spec.align = '<';
        break;
      case '+':
        spec.sign = '+';
        break;
      case ' ':
        spec.sign = spec.sign == '+' ? '+' : ' ';
        break;
      case '#':
        spec.alternate = true;
        break;
      default:
        zero = true;
    }
  }
  MR_TRY(spec.width, star_or_count(percent));
  if (spec.width < -1) {
    spec.align = '<';
    spec.width = spec.width == INT64_MIN ? INT64_MAX : -spec.width;
  }
  if (percent.at < text.size() && text[percent.at] == '.') {
    ++percent.at;
    MR_TRY(const std::int64_t precision, star_or_count(percent));
    spec.precision = std::max<std::int64_t>(0, precision);
  }
  while (percent.at < text.size() && is_one_of("hlL", text[percent.at])) ++percent.at;
  if (percent.at >= text.size()) return fail_run("incomplete format");
  spec.type = text[percent.at++];
  if (spec.type == '%') {
    append(percent.out, "%", false);
    return {};
  }
  if (value.kind == Kind::missing) {
    MR_TRY(value, next_value(percent));
  }
  if (is_one_of("srac", spec.type)) return append_percent_text(percent, spec, value);
  if (is_one_of("iu", spec.type)) spec.type = 'd';
  if (!is_one_of("doxXeEfFgG", spec.type)) {
    return fail_run("unsupported format character behind %");
  }
  return append_percent_number(percent, spec, value, zero);
}

// ---- "{}".format(value)

struct Braces {
  Run& run;
  const Str& format;
  const Args& args;
  std::int64_t n_auto = 0;  ///< fields numbered by themselves so far
  bool numbered = false;    ///< some field gave its number
};

/// `is_number`: what a leading zero pads goes behind the sign.
Expected<FormatSpec> parse_spec(std::string_view text, bool is_number) {
  FormatSpec spec;
  std::size_t at = 0;
  bool has_fill = false;
  if (!text.empty()) {
    std::size_t next = 0;
    const char32_t first = next_char(text, next);
    if (next < text.size() && is_one_of("<>=^", text[next])) {
      spec.fill = first;
      spec.align = text[next];
      has_fill = true;
      at = next + 1;
    } else if (is_one_of("<>=^", text[0])) {
      spec.align = text[at++];
    }
  }
  const auto take = [&](char c) { return at < text.size() && text[at] == c && ++at > 0; };
  if (at < text.size() && is_one_of("+- ", text[at])) spec.sign = text[at++];
  take('z');
  spec.alternate = take('#');
  if (!has_fill && take('0')) {
    spec.fill = '0';
    if (spec.align == 0 && is_number) spec.align = '=';
  }
  MR_TRY(spec.width, read_count(text, at));
  if (at < text.size() && is_one_of(",_", text[at])) spec.grouping = text[at++];
  if (take('.')) {
    MR_TRY(spec.precision, read_count(text, at));
    if (spec.precision < 0) return fail_run("Format specifier missing precision");
  }
  if (at < text.size()) spec.type = text[at++];
  if (at < text.size()) return fail_run("Invalid format specifier");
  return spec;
}

tl::unexpected<Error> fail_code(char type, Value value) {
  return fail_run(std::string("Unknown format code '") + type + "' for object of type '" +
                  std::string(type_name(value)) + "'");
}

/// format(value, spec)
Expected<void> append_formatted(Run& run, Marked& out, Value value, std::string_view spec_text) {
  if (spec_text.empty()) return append_str(run, out, value);
  MR_TRY(const FormatSpec spec, parse_spec(spec_text, is_number(value)));
  if (is_string(value)) {
    if (spec.type != 0 && spec.type != 's') return fail_code(spec.type, value);
    if (spec.align == '=' || spec.sign != 0 || spec.grouping != 0 || spec.alternate) {
      return fail_run("what only numbers have, in a string format specifier");
    }
    const Str& str = *value.str;
    const std::size_t end = spec.precision < 0
                                ? str.text.size()
                                : char_offset(str.text, static_cast<std::size_t>(spec.precision));
    append_padded(out, spec, '<', *slice(run.heap, str, 0, end).str);
    return {};
  }
  if (!is_number(value)) {
    return fail_run("unsupported format string passed to " + std::string(type_name(value)) +
                    ".__format__");
  }
  if (spec.precision >= 0 && is_integral(value) && !is_one_of("eEfFgG%", spec.type)) {
    return fail_run("Precision not allowed in integer format specifier");
  }
  std::string digits;
  if (spec.type == 'c' && is_integral(value) && to_integer(value) >= 0 &&
      to_integer(value) < 0xD800) {
    put_char(digits, static_cast<char32_t>(to_integer(value)));
  } else {
    MR_TRY(digits, format_number(spec, value));
  }
  if (digits.empty()) return fail_code(spec.type, value);
  const Range all{0, digits.size()};
  append_padded(
      out, spec, '>',
      Str{digits, value.input ? std::span<const Range>(&all, 1) : std::span<const Range>()});
  return {};
}

Expected<Value> first_field(Braces& braces, std::string_view name) {
  std::size_t at = 0;
  MR_TRY(std::int64_t index, read_count(name, at));
  if (name.empty() || (index >= 0 && at == name.size())) {
    const bool is_auto = name.empty();
    if (is_auto ? braces.numbered : braces.n_auto > 0) {
      return fail_run("cannot mix manual and automatic field numbering");
    }
    braces.numbered = !is_auto;
    if (is_auto) index = braces.n_auto++;
    if (static_cast<std::uint64_t>(index) >= braces.args.positional.size()) {
      return fail_run("Replacement index " + std::to_string(index) +
                      " out of range for positional args tuple");
    }
    return braces.args.positional[static_cast<std::size_t>(index)];
  }
  for (const auto& [keyword, value] : braces.args.keyword) {
    if (keyword == name) return value;
  }
  return fail_run("KeyError: '" + std::string(name) + "'");
}

/// The value of `name.attribute[item]...`
Expected<Value> field_value(Braces& braces, std::string_view field) {
  std::size_t at = std::min(field.find_first_of(".["), field.size());
  MR_TRY(Value value, first_field(braces, field.substr(0, at)));
  while (at < field.size()) {
    const bool is_attribute = field[at++] == '.';
    const std::size_t end =
        is_attribute ? std::min(field.find_first_of(".[", at), field.size()) : field.find(']', at);
    if (end == std::string_view::npos) return fail_run("Missing ']' in format string");
    const std::string_view name = field.substr(at, end - at);
    if (name.empty()) return fail_run("Empty attribute in format string");
    if (is_attribute) {
      MR_TRY(value, get_attribute(braces.run, value, name));
    } else {
      std::size_t behind = 0;
      MR_TRY(const std::int64_t index, read_count(name, behind));
      const bool is_index = index >= 0 && behind == name.size();
      MR_TRY(value, get_item(braces.run, value,
                             is_index ? integer(index) : string(braces.run.heap, name)));
    }
    at = is_attribute ? end : end + 1;
    if (at < field.size() && field[at] != '.' && field[at] != '[') {
      return fail_run("Only '.' or '[' may follow ']' in format field specifier");
    }
  }
  return value;
}

Expected<void> append_braces(Braces& braces, Marked& out, const Str& format, int depth);

/// One replacement field, the text between its braces.
Expected<void> append_field(Braces& braces, Marked& out, const Str& field, int depth) {
  Run& run = braces.run;
  const std::string_view text = field.text;
  std::size_t name_end = 0;  // a bracketed item may hold ! and :
  for (bool bracket = false; name_end < text.size(); ++name_end) {
    bracket = text[name_end] == '[' || (bracket && text[name_end] != ']');
    if (!bracket && (text[name_end] == '!' || text[name_end] == ':')) break;
  }
  MR_TRY(Value value, field_value(braces, text.substr(0, name_end)));
  std::size_t at = name_end;
  if (at < text.size() && text[at] == '!') {
    const char conversion = at + 1 < text.size() ? text[at + 1] : ' ';
    if (!is_one_of("rsa", conversion)) return fail_run("Unknown conversion specifier");
    MR_TRY(value, converted(run, value, conversion));
    at += 2;
    if (at < text.size() && text[at] != ':')
      return fail_run("expected ':' after conversion specifier");
  }
  Marked spec = marked(run);
  if (at < text.size()) {
    MR_TRY_VOID(
        append_braces(braces, spec, *slice(run.heap, field, at + 1, text.size()).str, depth + 1));
  }
  if (!braces.format.markup) return append_formatted(run, out, value, spec.text);
  Marked plain = marked(run);
  MR_TRY_VOID(append_formatted(run, plain, value, spec.text));
  if (is_string(value) && value.str->markup) {
    append(out, plain);
  } else {
    append_escaped(out, Str{plain.text, plain.input});
  }
  return {};
}

Expected<void> append_braces(Braces& braces, Marked& out, const Str& format, int depth) {
  if (depth > 2) return fail_run("Max string recursion exceeded");
  const std::string_view text = format.text;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t brace = std::min(text.find_first_of("{}", at), text.size());
    append(out, format, at, brace);
    if (brace == text.size()) break;
    if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
      append(out, format, brace, brace + 1);
      at = brace + 2;
      continue;
    }
    if (text[brace] == '}') return fail_run("Single '}' encountered in format string");
    std::size_t end = brace + 1;
    for (int open = 1; end < text.size(); ++end) {
      open += text[end] == '{' ? 1 : text[end] == '}' ? -1 : 0;
      if (open == 0) break;
    }
    if (end == text.size()) return fail_run("expected '}' before end of string");
    MR_TRY_VOID(charge(braces.run));
    MR_TRY_VOID(
        append_field(braces, out, *slice(braces.run.heap, format, brace + 1, end).str, depth));
    at = end + 1;
  }
  return {};
}

}  // namespace

Expected<Value> format_percent(Run& run, const Str& format, Value values) {
  Percent percent{run, format, values, 0, 0, marked(run)};
  const std::string_view text = format.text;
  while (percent.at < text.size()) {
    const std::size_t sign = std::min(text.find('%', percent.at), text.size());
    append(percent.out, format, percent.at, sign);
    percent.at = sign + 1;
    if (sign == text.size()) break;
    MR_TRY_VOID(charge(run));
    MR_TRY_VOID(append_percent(percent));
  }
  const bool is_mapping = values.kind == Kind::dict || values.kind == Kind::list;
  const std::size_t n = values.kind == Kind::tuple ? values.list->items.size() : is_mapping ? 0 : 1;
  if (percent.n_used < n) return fail_run("not all arguments converted during string formatting");
  return finish(run, percent.out, format.markup);
}

Expected<Value> format_braces(Run& run, const Str& format, const Args& args) {
  Braces braces{run, format, args};
  Marked out = marked(run);
  MR_TRY_VOID(append_braces(braces, out, format, 1));
  return finish(run, out, format.markup);
}

}  // namespace mr::text::jinja
