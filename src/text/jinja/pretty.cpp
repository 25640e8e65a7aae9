#include "text/jinja/pretty.h"

#include <string>
#include <vector>

#include "text/jinja/dict.h"
#include "text/jinja/ops.h"
#include "text/jinja/print.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

constexpr std::int64_t kColumns = 80;

/// Where a value is written: columns before it, characters that must follow in its last line, and
/// how deep in other values.
struct Margin {
  std::int64_t indent = 0, allowance = 0;
  int depth = 0;
};

/// Numbers, strings and tuples are ordered among themselves, and by the names of their types else.
std::int64_t rank(Value value) {
  if (value.kind == Kind::none) return 0;
  if (is_number(value)) return 1;
  return is_string(value) ? 2 : 3;
}

/// The keys of a dict in the order to write them: as they came where they have none.
Expected<std::vector<Value>> ordered_keys(Run& run, const Dict& dict) {
  std::vector<Value> keys, ranked;
  for (const Entry& entry : dict.entries) {
    keys.push_back(entry.key);
    const Value parts[] = {integer(rank(entry.key)), entry.key};
    ranked.push_back(tuple(run.heap, parts));
  }
  auto sorted = sort_by(run, keys, ranked, false);
  if (!sorted && sorted.error().fault == Fault::bad_request) return keys;
  return sorted;
}

/// repr(value) with the keys of dicts in order.
Expected<void> append_plain(Run& run, Marked& out, Value value, int depth) {
  const bool is_list = value.kind == Kind::list;
  if (value.kind == Kind::dict) {
    if (depth > kMaxDataDepth) return fail_run("maximum recursion depth exceeded in pprint");
    MR_TRY(const auto keys, ordered_keys(run, *value.dict));
    append(out, "{", false);
    for (std::size_t i = 0; i < keys.size() && !out.too_long; ++i) {
      if (i > 0) append(out, ", ", false);
      MR_TRY_VOID(append_plain(run, out, keys[i], depth + 1));
      append(out, ": ", false);
      MR_TRY(const Value* item, find(run, *value.dict, keys[i]));
      MR_TRY_VOID(append_plain(run, out, *item, depth + 1));
    }
    append(out, "}", false);
    return {};
  }
  if (!is_list && (value.kind != Kind::tuple || value.list->is_group)) {
    return append_repr(run, out, value, depth);
  }
  MR_TRY_VOID(charge(run));
  if (depth > kMaxDataDepth) return fail_run("maximum recursion depth exceeded in pprint");
  const auto items = value.list->items;
  append(out, is_list ? "[" : "(", false);
  for (std::size_t i = 0; i < items.size() && !out.too_long; ++i) {
    if (i > 0) append(out, ", ", false);
    MR_TRY_VOID(append_plain(run, out, items[i], depth + 1));
  }
  append(out, is_list ? "]" : items.size() == 1 ? ",)" : ")", false);
  return {};
}

/// How many characters repr() makes of a text, in a form that adds up: single quotes get a
/// backslash only where there are double ones as well.
struct ReprSize {
  std::int64_t plain = 0, n_single = 0, n_double = 0;
};

std::int64_t total(const ReprSize& size) {
  return 2 + size.plain + (size.n_double > 0 ? size.n_single : 0);
}

Expected<ReprSize> repr_size(Run& run, const Str& str) {
  Marked text = marked(run);
  MR_TRY_VOID(append_repr(run, text, from(&str)));
  ReprSize size;
  for (const char c : str.text) {
    size.n_single += c == '\'' ? 1 : 0;
    size.n_double += c == '"' ? 1 : 0;
  }
  const auto n = static_cast<std::int64_t>(n_chars(text.text));
  size.plain = n - 2 - (size.n_double > 0 ? size.n_single : 0);
  return size;
}

/// Where the word at `at` and the whitespace behind it end.
std::size_t end_of_part(std::string_view text, std::size_t at) {
  bool in_space = false;
  while (at < text.size()) {
    std::size_t next = at;
    const bool space = is_space(next_char(text, next));
    if (in_space && !space) break;
    in_space = space;
    at = next;
  }
  return at;
}

/// Cuts a line that is too long between words, into pieces of at most `width` where it can;
/// `allowance` less in the last.
Expected<void> cut_line(Run& run, const Str& line, std::int64_t width, std::int64_t allowance,
                        std::vector<Value>& pieces) {
  ReprSize size;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < line.text.size();) {
    const std::size_t end = end_of_part(line.text, at);
    const Value part = slice(run.heap, line, at, end);
    MR_TRY(const ReprSize more, repr_size(run, *part.str));
    if (end == line.text.size()) width -= allowance;
    size = {size.plain + more.plain, size.n_single + more.n_single, size.n_double + more.n_double};
    if (total(size) > width) {
      if (begin < at) pieces.push_back(slice(run.heap, line, begin, at));
      begin = at;
      size = more;
    }
    at = end;
  }
  pieces.push_back(slice(run.heap, line, begin, line.text.size()));
  return {};
}

void append_break(Marked& out, std::string_view end, std::int64_t indent) {
  append(out, end, false);
  append(out, std::string(static_cast<std::size_t>(indent), ' '), false);
}

/// A string as several, below one another: its lines, or parts of them.
Expected<void> append_pieces(Run& run, Marked& out, const Str& str, Margin place) {
  const bool alone = place.depth == 0;
  if (alone) {
    ++place.indent;
    ++place.allowance;
  }
  MR_TRY(const auto lines, split_lines(run, str, true));
  std::vector<Value> pieces;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::int64_t allowance = i + 1 == lines.size() ? place.allowance : 0;
    const std::int64_t width = kColumns - place.indent;
    MR_TRY(const ReprSize size, repr_size(run, *lines[i].str));
    if (total(size) <= width - allowance) {
      pieces.push_back(lines[i]);
    } else {
      MR_TRY_VOID(cut_line(run, *lines[i].str, width, allowance, pieces));
    }
  }
  const bool bracketed = alone && pieces.size() > 1;
  if (bracketed) append(out, "(", false);
  for (std::size_t i = 0; i < pieces.size() && !out.too_long; ++i) {
    if (i > 0) append_break(out, "\n", place.indent);
    MR_TRY_VOID(append_repr(run, out, pieces[i]));
  }
  if (bracketed) append(out, ")", false);
  return {};
}

Expected<void> append_value(Run& run, Marked& out, Value value, Margin place);

Expected<void> append_entries(Run& run, Marked& out, const Dict& dict, Margin place) {
  MR_TRY(const auto keys, ordered_keys(run, dict));
  append(out, "{", false);
  const std::int64_t indent = place.indent + 1;
  for (std::size_t i = 0; i < keys.size() && !out.too_long; ++i) {
    if (i > 0) append_break(out, ",\n", indent);
    Marked key = marked(run);
    MR_TRY_VOID(append_plain(run, key, keys[i], place.depth + 1));
    append(out, key);
    append(out, ": ", false);
    const auto n = static_cast<std::int64_t>(n_chars(key.text));
    MR_TRY(const Value* item, find(run, dict, keys[i]));
    MR_TRY_VOID(append_value(
        run, out, *item,
        {indent + n + 2, i + 1 == keys.size() ? place.allowance + 1 : 1, place.depth + 1}));
  }
  append(out, "}", false);
  return {};
}

Expected<void> append_items(Run& run, Marked& out, Value value, Margin place) {
  const auto items = value.list->items;
  const bool is_list = value.kind == Kind::list;
  const std::string_view end = is_list ? "]" : items.size() == 1 ? ",)" : ")";
  const std::int64_t allowance = place.allowance + static_cast<std::int64_t>(end.size());
  const std::int64_t indent = place.indent + 1;
  append(out, is_list ? "[" : "(", false);
  for (std::size_t i = 0; i < items.size() && !out.too_long; ++i) {
    if (i > 0) append_break(out, ",\n", indent);
    MR_TRY_VOID(append_value(run, out, items[i],
                             {indent, i + 1 == items.size() ? allowance : 1, place.depth + 1}));
  }
  append(out, end, false);
  return {};
}

Expected<void> append_value(Run& run, Marked& out, Value value, Margin place) {
  Marked whole = marked(run);
  MR_TRY_VOID(append_plain(run, whole, value, place.depth));
  const auto n = static_cast<std::int64_t>(n_chars(whole.text));
  if (!whole.too_long && n > kColumns - place.indent - place.allowance) {
    if (value.kind == Kind::dict) return append_entries(run, out, *value.dict, place);
    if (value.kind == Kind::list || (value.kind == Kind::tuple && !value.list->is_group)) {
      return append_items(run, out, value, place);
    }
    if (is_string(value) && !value.str->markup && !value.str->text.empty()) {
      return append_pieces(run, out, *value.str, place);
    }
  }
  append(out, whole);
  return {};
}

}  // namespace

Expected<void> append_pretty(Run& run, Marked& out, Value value) {
  return append_value(run, out, value, {});
}

}  // namespace mr::text::jinja
