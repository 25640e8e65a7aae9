#include <algorithm>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/dict.h"
#include "text/jinja/escape.h"
#include "text/jinja/filters.h"
#include "text/jinja/format.h"
#include "text/jinja/methods.h"
#include "text/jinja/ops.h"
#include "text/jinja/pretty.h"
#include "text/jinja/print.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"
#include "text/jinja/word_wrap.h"

namespace mr::text::jinja {
namespace {

template <CaseStyle style>
Expected<Value> in_case(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("case", args, {}));
  MR_TRY(const Value text, soft_str(run, value));
  return change_case(run, *text.str, style);
}

/// Upper case for the first character of each word and of each run between words.
Expected<Value> title(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("title", args, {}));
  MR_TRY(const Value text, soft_str(run, value));
  const Str& str = *text.str;
  const auto is_break = [](char32_t c) {
    return c == '-' || is_space(c) || c == '(' || c == '{' || c == '[' || c == '<';
  };
  Marked out = marked(run);
  MarkCursor cursor{str.input};
  bool starts_word = true;
  for (std::size_t at = 0; at < str.text.size() && !out.too_long;) {
    MR_TRY_VOID(charge_bytes(run, 32));
    const std::size_t begin = at;
    const char32_t c = next_char(str.text, at);
    std::string piece;
    put_in_case(piece, c, starts_word ? Case::upper : Case::lower);
    append(out, piece, is_input(cursor, begin));
    starts_word = is_break(c);
  }
  return finish(run, out);
}

Expected<Value> trim(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("trim", args, {"chars"}));
  MR_TRY(const Value text, soft_str(run, value));
  const Str* chars = nullptr;
  if (is_given(p[0])) {
    MR_TRY(chars, to_text(p[0]));
  }
  return strip(run, *text.str, chars, true, true);
}

Expected<Value> replace_filter(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("replace", args, {"old", "new", "count"}, 2));
  MR_TRY(const Value text, to_str(run, value));
  MR_TRY(const Value before, to_str(run, p[0]));
  MR_TRY(const Value after, to_str(run, p[1]));
  MR_TRY(const std::int64_t count, to_integer_or(is_given(p[2]) ? p[2] : Value{}, -1));
  return replace(run, *text.str, *before.str, *after.str, count);
}

Expected<Value> to_string(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("string", args, {}));
  return soft_str(run, value);
}

Expected<Value> safe(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("safe", args, {}));
  MR_TRY(const Value text, to_str(run, value));
  return from(keep(run.heap, Str{text.str->text, text.str->input, true}));
}

Expected<Value> escape_filter(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("escape", args, {}));
  return escaped(run, value);
}

Expected<Value> force_escape(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("forceescape", args, {}));
  MR_TRY(const Value text, to_str(run, value));
  return escaped(run, text);
}

Expected<Value> format_filter(Run& run, Value value, const Args& args) {
  if (!args.positional.empty() && !args.keyword.empty()) {
    return fail_run("can't handle positional and keyword arguments at the same time");
  }
  MR_TRY(const Value text, soft_str(run, value));
  if (args.keyword.empty()) return format_percent(run, *text.str, tuple(run.heap, args.positional));
  DictBuilder named;
  for (const auto& [name, argument] : args.keyword) {
    MR_TRY_VOID(put(run, named, string(run.heap, name), argument));
  }
  return format_percent(run, *text.str, finish(run, named));
}

Expected<Value> center(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("center", args, {"width"}));
  MR_TRY(const Value text, soft_str(run, value));
  return find_string_method("center")(run, text,
                                      Args{{p[0].kind == Kind::missing ? integer(80) : p[0]}, {}});
}

Expected<Value> indent(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("indent", args, {"width", "first", "blank"}));
  MR_TRY(const Str* str, to_text(value));
  Value indention = p[0];
  if (!is_string(indention)) {
    MR_TRY(const std::int64_t width, to_integer_or(p[0], 4));
    MR_TRY(indention, repeat(run, Str{" ", {}}, width));
  }
  Marked whole = marked(run);
  append(whole, *str);
  append(whole, "\n", false);
  MR_TRY(const auto lines, split_lines(run, Str{whole.text, whole.input}, false));
  Marked out = marked(run);
  if (is_true(p[1])) append(out, *indention.str);
  for (std::size_t i = 0; i < lines.size() && !out.too_long; ++i) {
    if (i > 0) append(out, "\n", false);
    const bool is_blank = lines[i].str->text.empty();
    if (i > 0 && (!is_blank || is_true(p[2]))) append(out, *indention.str);
    append(out, *lines[i].str);
  }
  return finish(run, out, str->markup);
}

Expected<Value> truncate(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("truncate", args, {"length", "killwords", "end", "leeway"}));
  MR_TRY(const Str* str, to_text(value));
  MR_TRY(const std::int64_t limit, to_integer_or(p[0], 255));
  MR_TRY(const std::int64_t leeway, to_integer_or(is_given(p[3]) ? p[3] : Value{}, 5));
  const Str dots{"...", {}};
  const Str* end = &dots;
  if (p[2].kind != Kind::missing) {
    MR_TRY(end, to_text(p[2]));
  }
  const std::int64_t n_kept = limit - static_cast<std::int64_t>(n_chars(end->text));
  if (n_kept < 0 || leeway < 0) return fail_run("truncate: expected a longer length");
  MR_TRY_VOID(charge_bytes(run, str->text.size()));
  if (static_cast<std::int64_t>(n_chars(str->text)) - limit <= leeway) return value;
  std::size_t stop = char_offset(str->text, static_cast<std::size_t>(n_kept));
  if (!is_true(p[1])) {
    const std::size_t space = str->text.substr(0, stop).rfind(' ');
    if (space != std::string_view::npos) stop = space;
  }
  Marked out = marked(run);
  append(out, *str, 0, stop);
  append(out, *end);
  return finish(run, out, str->markup);
}

Expected<Value> word_count(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("wordcount", args, {}));
  MR_TRY(const Value text, soft_str(run, value));
  MR_TRY_VOID(charge_bytes(run, 4 * text.str->text.size()));
  std::int64_t n = 0;
  bool in_word = false;
  for (std::size_t at = 0; at < text.str->text.size();) {
    const bool word = is_word(next_char(text.str->text, at));
    n += word && !in_word ? 1 : 0;
    in_word = word;
  }
  return integer(n);
}

Expected<Value> join_filter(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("join", args, {"d", "attribute"}));
  MR_TRY(const Value separator,
         p[0].kind == Kind::missing ? Expected<Value>(string(run.heap, "")) : to_str(run, p[0]));
  MR_TRY(const auto items, items_of(run, value));
  MR_TRY(const auto path, attribute_path(run, p[1]));
  std::vector<Value> parts;
  for (const Value item : items) {
    MR_TRY(const Value part, follow_path(run, item, path));
    parts.push_back(part);
  }
  return join(run, *separator.str, parts);
}

/// A way to write JSON from the arguments that transformers' tojson takes.
Expected<JsonStyle> json_style(Run& run, std::span<const Value> p) {
  JsonStyle style{is_true(p[0]), is_given(p[1]), nullptr, nullptr, nullptr, is_true(p[3])};
  if (is_string(p[1])) {
    style.indent = p[1].str;
  } else if (style.indented) {
    MR_TRY(const std::int64_t width, to_integer_or(p[1], 0));
    MR_TRY(const Value spaces, repeat(run, Str{" ", {}}, width));
    style.indent = spaces.str;
  }
  if (is_given(p[2])) {
    MR_TRY(const auto separators, items_of(run, p[2]));
    if (separators.size() != 2) return fail_run("tojson: separators must be two strings");
    MR_TRY(style.item_separator, to_text(separators[0]));
    MR_TRY(style.key_separator, to_text(separators[1]));
  } else {
    style.item_separator = string(run.heap, style.indented ? "," : ", ").str;
    style.key_separator = string(run.heap, ": ").str;
  }
  return style;
}

Expected<Value> to_json(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("tojson", args, {"ensure_ascii", "indent", "separators", "sort_keys"}));
  MR_TRY(const JsonStyle style, json_style(run, p));
  Marked out = marked(run);
  MR_TRY_VOID(append_json(run, out, value, style));
  return finish(run, out);
}

Expected<Value> pretty(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("pprint", args, {}));
  Marked out = marked(run);
  MR_TRY_VOID(append_pretty(run, out, value));
  return finish(run, out);
}

Expected<Value> word_wrap(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p,
         bind("wordwrap", args, {"width", "break_long_words", "wrapstring", "break_on_hyphens"}));
  MR_TRY(const Str* str, to_text(value));
  WrapStyle style;
  MR_TRY(style.width, to_integer_or(p[0], style.width));
  style.break_words = p[1].kind == Kind::missing || is_true(p[1]);
  style.separator = string(run.heap, "\n").str;
  if (is_given(p[2])) {
    MR_TRY(style.separator, to_text(p[2]));
  }
  style.prefer_hyphens = p[3].kind == Kind::missing || is_true(p[3]);
  // Python's textwrap looks for True itself here, where any other true value will do for a break.
  style.split_hyphens = p[3].kind == Kind::missing || (p[3].kind == Kind::boolean && p[3].flag);
  return wrap_words(run, *str, style);
}

constexpr Filter kTextFilters[] = {
    {"capitalize", in_case<CaseStyle::capitalize>},
    {"center", center},
    {"e", escape_filter},
    {"escape", escape_filter},
    {"forceescape", force_escape},
    {"format", format_filter},
    {"indent", indent},
    {"join", join_filter},
    {"lower", in_case<CaseStyle::lower>},
    {"pprint", pretty},
    {"replace", replace_filter},
    {"safe", safe},
    {"string", to_string},
    {"title", title},
    {"tojson", to_json},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", in_case<CaseStyle::upper>},
    {"wordcount", word_count},
    {"wordwrap", word_wrap},
};

}  // namespace

std::span<const Filter> text_filters() {
  return kTextFilters;
}

}  // namespace mr::text::jinja
