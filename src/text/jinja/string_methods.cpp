#include <algorithm>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/dict.h"
#include "text/jinja/escape.h"
#include "text/jinja/format.h"
#include "text/jinja/methods.h"
#include "text/jinja/ops.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

/// An argument put into a string: escaped first if that is markup.
Expected<const Str*> inserted(Run& run, Value self, Value argument) {
  MR_TRY(const Str* text, to_text(argument));
  if (!self.str->markup) return text;
  MR_TRY(const Value safe, escaped(run, argument));
  return safe.str;
}

template <CaseStyle style>
Expected<Value> in_case(Run& run, Value self, const Args& args) {
  MR_TRY_VOID(bind("case", args, {}));
  return change_case(run, *self.str, style);
}

template <bool left, bool right>
Expected<Value> strip_method(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("strip", args, {"chars"}));
  if (!is_given(p[0])) return strip(run, *self.str, nullptr, left, right);
  MR_TRY(const Str* chars, to_text(p[0]));
  return strip(run, *self.str, chars, left, right);
}

template <bool from_right>
Expected<Value> split_method(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("split", args, {"sep", "maxsplit"}));
  const Str* separator = nullptr;
  if (is_given(p[0])) {
    MR_TRY(separator, to_text(p[0]));
  }
  MR_TRY(const std::int64_t count, to_integer_or(p[1], -1));
  MR_TRY(const auto parts, from_right ? split_right(run, *self.str, separator, count)
                                      : split(run, *self.str, separator, count));
  return list(run.heap, parts);
}

Expected<Value> splitlines(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("splitlines", args, {"keepends"}));
  MR_TRY(const auto lines, split_lines(run, *self.str, is_true(p[0])));
  return list(run.heap, lines);
}

template <bool from_right>
Expected<Value> partition(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("partition", args, {"sep"}, 1));
  MR_TRY(const Str* separator, to_text(p[0]));
  if (separator->text.empty()) return fail_run("empty separator");
  const Str& str = *self.str;
  MR_TRY_VOID(charge_bytes(run, str.text.size()));
  const std::size_t found =
      from_right ? find_last(str.text, separator->text) : find_bytes(str.text, separator->text, 0);
  const std::size_t n = str.text.size();
  const std::size_t begin = found != std::string_view::npos ? found : from_right ? 0 : n;
  const std::size_t end = found != std::string_view::npos ? found + separator->text.size() : begin;
  const Value parts[] = {slice(run.heap, str, 0, begin), slice(run.heap, str, begin, end),
                         slice(run.heap, str, end, n)};
  return tuple(run.heap, parts);
}

Expected<Value> replace_method(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("replace", args, {"old", "new", "count"}, 2));
  MR_TRY(const Str* before, to_text(p[0]));
  MR_TRY(const Str* after, inserted(run, self, p[1]));
  MR_TRY(const std::int64_t count, to_integer_or(p[2], -1));
  return replace(run, *self.str, *before, *after, count);
}

Expected<Value> join_method(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("join", args, {"iterable"}, 1));
  MR_TRY(const auto items, items_of(run, p[0], "can only join an iterable, not ", ""));
  for (std::size_t i = 0; i < items.size() && !self.str->markup; ++i) {
    if (is_string(items[i])) continue;
    return fail_run("sequence item " + std::to_string(i) + ": expected str instance, " +
                    std::string(type_name(items[i])) + " found");
  }
  return join(run, *self.str, items);
}

Expected<Value> format_method(Run& run, Value self, const Args& args) {
  return format_braces(run, *self.str, args);
}

Expected<Value> format_map(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("format_map", args, {"mapping"}, 1));
  if (p[0].kind != Kind::dict) return fail_run("format_map() takes a mapping");
  Args named;
  for (const Entry& entry : p[0].dict->entries) {
    if (is_string(entry.key)) named.keyword.emplace_back(entry.key.str->text, entry.value);
  }
  return format_braces(run, *self.str, named);
}

/// The part [start, end) of a string that two arguments give, as a slice would.
struct Slice {
  std::string_view text;
  std::size_t n_before;  ///< characters before it
  bool exists;           ///< start is not behind the end of the string
};
Expected<Slice> part_of(const Str& str, Value start, Value end) {
  const auto n = static_cast<std::int64_t>(n_chars(str.text));
  MR_TRY(std::int64_t first, to_integer_or(is_given(start) ? start : Value{}, 0));
  MR_TRY(std::int64_t last, to_integer_or(is_given(end) ? end : Value{}, n));
  const bool exists = first <= n;
  first = std::clamp<std::int64_t>(first < 0 ? first + n : first, 0, n);
  last = std::clamp<std::int64_t>(last < 0 ? last + n : last, 0, n);
  const std::size_t begin = char_offset(str.text, static_cast<std::size_t>(first));
  const std::size_t stop = char_offset(str.text, static_cast<std::size_t>(last));
  if (begin > stop) return Slice{{}, static_cast<std::size_t>(first), false};
  return Slice{str.text.substr(begin, stop - begin), static_cast<std::size_t>(first), exists};
}

template <bool from_right, bool must_find>
Expected<Value> find_method_of(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("find", args, {"sub", "start", "end"}, 1));
  MR_TRY(const Str* needle, to_text(p[0]));
  MR_TRY_VOID(charge_bytes(run, 4 * self.str->text.size()));
  MR_TRY(const Slice part, part_of(*self.str, p[1], p[2]));
  const std::size_t found = !part.exists ? std::string_view::npos
                            : from_right ? find_last(part.text, needle->text)
                                         : find_bytes(part.text, needle->text, 0);
  if (found == std::string_view::npos && must_find) return fail_run("substring not found");
  if (found == std::string_view::npos) return integer(-1);
  return integer(static_cast<std::int64_t>(part.n_before + n_chars(part.text.substr(0, found))));
}

Expected<Value> count(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("count", args, {"sub", "start", "end"}, 1));
  MR_TRY(const Str* needle, to_text(p[0]));
  MR_TRY_VOID(charge_bytes(run, self.str->text.size()));
  MR_TRY(const Slice part, part_of(*self.str, p[1], p[2]));
  if (!part.exists) return integer(0);
  if (needle->text.empty()) return integer(static_cast<std::int64_t>(n_chars(part.text)) + 1);
  std::int64_t n = 0;
  for (std::size_t at = find_bytes(part.text, needle->text, 0); at != std::string_view::npos; ++n) {
    at = find_bytes(part.text, needle->text, at + needle->text.size());
  }
  return integer(n);
}

template <bool at_end>
Expected<Value> has_affix(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p,
         bind(at_end ? "endswith" : "startswith", args, {"affix", "start", "end"}, 1));
  MR_TRY_VOID(charge_bytes(run, self.str->text.size()));
  MR_TRY(const Slice part, part_of(*self.str, p[1], p[2]));
  const std::span<const Value> affixes =
      p[0].kind == Kind::tuple ? p[0].list->items : std::span<const Value>(&p[0], 1);
  for (const Value affix : affixes) {
    MR_TRY(const Str* text, to_text(affix));
    MR_TRY_VOID(charge(run));
    if (part.exists &&
        (at_end ? part.text.ends_with(text->text) : part.text.starts_with(text->text))) {
      return boolean(true);
    }
  }
  return boolean(false);
}

template <bool at_end>
Expected<Value> remove_affix(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("removeprefix", args, {"affix"}, 1));
  MR_TRY(const Str* affix, to_text(p[0]));
  const Str& str = *self.str;
  const std::size_t n = affix->text.size();
  if (at_end && str.text.ends_with(affix->text)) {
    return slice(run.heap, str, 0, str.text.size() - n);
  }
  if (!at_end && str.text.starts_with(affix->text)) {
    return slice(run.heap, str, n, str.text.size());
  }
  return self;
}

template <char align>
Expected<Value> pad(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("center", args, {"width", "fillchar"}, 1));
  FormatSpec spec;
  MR_TRY(spec.width, to_integer_or(p[0], 0));
  if (p[1].kind != Kind::missing) {
    MR_TRY(const Str* fill, inserted(run, self, p[1]));
    if (n_chars(fill->text) != 1) {
      return fail_run("The fill character must be exactly one character long");
    }
    std::size_t at = 0;
    spec.fill = next_char(fill->text, at);
  }
  Marked out = marked(run);
  const std::int64_t n = static_cast<std::int64_t>(n_chars(self.str->text));
  if (align == '^' && spec.width > n && (spec.width & 1) != 0 && (n & 1) == 0) {
    // str.center puts the odd blank to the left where the width is odd, format() never does.
    FormatSpec left = spec;
    left.width = std::min<std::int64_t>(spec.width, static_cast<std::int64_t>(out.max_bytes));
    left.width = n + (left.width - n) / 2 + 1;
    append_padded(out, left, '>', *self.str);
    const Marked half = std::exchange(out, marked(run));
    append_padded(out, spec, '<', Str{half.text, half.input});
  } else {
    append_padded(out, spec, align, *self.str);
  }
  return finish(run, out, self.str->markup);
}

Expected<Value> zfill(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("zfill", args, {"width"}, 1));
  FormatSpec spec;
  MR_TRY(spec.width, to_integer_or(p[0], 0));
  spec.fill = '0';
  Marked out = marked(run);
  const bool is_signed = self.str->text.starts_with('+') || self.str->text.starts_with('-');
  append_padded(out, spec, is_signed ? '=' : '>', *self.str);
  return finish(run, out, self.str->markup);
}

Expected<Value> expandtabs(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("expandtabs", args, {"tabsize"}));
  MR_TRY(const std::int64_t size, to_integer_or(p[0], 8));
  const Str& str = *self.str;
  MR_TRY_VOID(charge_bytes(run, str.text.size()));
  Marked out = marked(run);
  std::int64_t column = 0;
  for (std::size_t at = 0; at < str.text.size() && !out.too_long;) {
    const std::size_t begin = at;
    const char32_t c = next_char(str.text, at);
    if (c != '\t') {
      append(out, str, begin, at);
      column = c == '\n' || c == '\r' ? 0 : column + 1;
      continue;
    }
    const std::int64_t n = size > 0 ? size - column % size : 0;
    FormatSpec spec;
    spec.width = n;
    append_padded(out, spec, '<', Str{});
    column += n;
  }
  return finish(run, out, str.markup);
}

template <bool (*matches)(char32_t)>
Expected<Value> all_are(Run& run, Value self, const Args& args) {
  MR_TRY_VOID(bind("is", args, {}));
  MR_TRY_VOID(charge_bytes(run, 4 * self.str->text.size()));
  const std::string_view text = self.str->text;
  for (std::size_t at = 0; at < text.size();) {
    if (!matches(next_char(text, at))) return boolean(false);
  }
  return boolean(!text.empty() || matches == is_printable);
}

bool is_alnum(char32_t c) {
  return c != '_' && is_word(c);
}

Expected<Value> isascii(Run&, Value self, const Args&) {
  return boolean(std::all_of(self.str->text.begin(), self.str->text.end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

Expected<Value> isidentifier(Run&, Value self, const Args&) {
  const std::string_view text = self.str->text;
  for (std::size_t at = 0; at < text.size();) {
    const bool first = at == 0;
    const char32_t c = next_char(text, at);
    if (!is_word(c) || (first && is_numeric(c))) return boolean(false);
  }
  return boolean(!text.empty());
}

/// Whether all cased characters are in one case, and there are some.
template <bool (*right)(char32_t), bool (*wrong)(char32_t)>
Expected<Value> all_cased(Run& run, Value self, const Args&) {
  MR_TRY_VOID(charge_bytes(run, 4 * self.str->text.size()));
  bool any = false;
  for (std::size_t at = 0; at < self.str->text.size();) {
    const char32_t c = next_char(self.str->text, at);
    if (wrong(c) || is_title(c)) return boolean(false);
    any = any || right(c);
  }
  return boolean(any);
}

Expected<Value> istitle(Run& run, Value self, const Args&) {
  MR_TRY_VOID(charge_bytes(run, 4 * self.str->text.size()));
  bool any = false;
  bool after_cased = false;
  for (std::size_t at = 0; at < self.str->text.size();) {
    const char32_t c = next_char(self.str->text, at);
    const bool starts = is_upper(c) || is_title(c);
    if (starts ? after_cased : is_lower(c) && !after_cased) return boolean(false);
    after_cased = starts || is_lower(c);
    any = any || after_cased;
  }
  return boolean(any);
}

struct Method {
  std::string_view name;
  NativeFn call;
};
constexpr Method kMethods[] = {
    {"capitalize", in_case<CaseStyle::capitalize>},
    {"casefold", in_case<CaseStyle::fold>},
    {"center", pad<'^'>},
    {"count", count},
    {"endswith", has_affix<true>},
    {"expandtabs", expandtabs},
    {"find", find_method_of<false, false>},
    {"format", format_method},
    {"format_map", format_map},
    {"index", find_method_of<false, true>},
    {"isalnum", all_are<is_alnum>},
    {"isalpha", all_are<is_alpha>},
    {"isascii", isascii},
    {"isdecimal", all_are<is_decimal>},
    {"isdigit", all_are<is_digit>},
    {"isidentifier", isidentifier},
    {"islower", all_cased<is_lower, is_upper>},
    {"isnumeric", all_are<is_numeric>},
    {"isprintable", all_are<is_printable>},
    {"isspace", all_are<is_space>},
    {"istitle", istitle},
    {"isupper", all_cased<is_upper, is_lower>},
    {"join", join_method},
    {"ljust", pad<'<'>},
    {"lower", in_case<CaseStyle::lower>},
    {"lstrip", strip_method<true, false>},
    {"partition", partition<false>},
    {"removeprefix", remove_affix<false>},
    {"removesuffix", remove_affix<true>},
    {"replace", replace_method},
    {"rfind", find_method_of<true, false>},
    {"rindex", find_method_of<true, true>},
    {"rjust", pad<'>'>},
    {"rpartition", partition<true>},
    {"rsplit", split_method<true>},
    {"rstrip", strip_method<false, true>},
    {"split", split_method<false>},
    {"splitlines", splitlines},
    {"startswith", has_affix<false>},
    {"strip", strip_method<true, true>},
    {"swapcase", in_case<CaseStyle::swap>},
    {"title", in_case<CaseStyle::title>},
    {"upper", in_case<CaseStyle::upper>},
    {"zfill", zfill},
};

}  // namespace

NativeFn find_string_method(std::string_view name) {
  for (const Method& method : kMethods) {
    if (method.name == name) return method.call;
  }
  return nullptr;
}

}  // namespace mr::text::jinja
