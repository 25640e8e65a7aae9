#include <algorithm>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/dict.h"
#include "text/jinja/filters.h"
#include "text/jinja/ops.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

/// Strings in lower case, other values as they are: a key that ignores case.
Expected<Value> without_case(Run& run, Value value) {
  return is_string(value) ? change_case(run, *value.str, CaseStyle::lower) : Expected<Value>(value);
}

/// The key to compare each item by.
Expected<std::vector<Value>> keys_of(Run& run, std::span<const Value> items, Value attribute,
                                     bool case_sensitive, Value fallback = {}) {
  MR_TRY(const auto path, attribute_path(run, attribute));
  std::vector<Value> keys;
  keys.reserve(items.size());
  for (const Value item : items) {
    MR_TRY(Value key, follow_path(run, item, path, fallback));
    if (!case_sensitive) {
      MR_TRY(key, without_case(run, key));
    }
    keys.push_back(key);
  }
  return keys;
}

Expected<Value> to_list(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("list", args, {}));
  MR_TRY(const auto items, items_of(run, value));
  return list(run.heap, items);
}

Expected<Value> first(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("first", args, {}));
  if (value.kind == Kind::generator) {  // takes one item only
    Generator& generator = *value.generator;
    if (generator.next < generator.items.size()) return generator.items[generator.next++];
  }
  MR_TRY(const auto items, items_of(run, value));
  if (items.empty()) return undefined(run.heap, "No first item, sequence was empty.");
  return items.front();
}

/// One of the items, by chance. A dict gives what it has for a number, as Python's random does it.
Expected<Value> random_item(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("random", args, {}));
  const std::int64_t n = is_undefined(value) ? 0 : length(value);
  if (n < 0) {
    return fail_run("object of type '" + std::string(type_name(value)) + "' has no len()");
  }
  if (n == 0) return undefined(run.heap, "No random item, sequence was empty.");
  const auto index = static_cast<std::int64_t>(draw(run, static_cast<std::uint64_t>(n)));
  if (value.kind == Kind::view || value.kind == Kind::loop) {
    return fail_run("'" + std::string(type_name(value)) + "' object is not subscriptable");
  }
  MR_TRY(const Value item, get_item(run, value, integer(index)));
  return is_undefined(item) ? Expected<Value>(fail_undefined(item)) : item;
}

tl::unexpected<Error> fail_reverse(Value value) {
  return fail_run("'" + std::string(type_name(value)) + "' object is not reversible");
}

Expected<Value> last(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("last", args, {}));
  if (value.kind == Kind::generator) return fail_reverse(value);
  MR_TRY(const auto items, items_of(run, value, "'", "' object is not reversible"));
  if (items.empty()) return undefined(run.heap, "No last item, sequence was empty.");
  return items.back();
}

Expected<Value> reverse(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("reverse", args, {}));
  if (is_string(value)) return get_slice(run, value, {}, {}, integer(-1));
  MR_TRY(const auto items, items_of(run, value));
  std::vector<Value> reversed(items.rbegin(), items.rend());
  if (value.kind == Kind::generator) return list(run.heap, reversed);
  return generator(run.heap, reversed, "list_reverseiterator");
}

Expected<Value> length_filter(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("length", args, {}));
  if (is_string(value)) MR_TRY_VOID(charge_bytes(run, value.str->text.size()));
  const std::int64_t n = length(value);
  if (n < 0) {
    return fail_run("object of type '" + std::string(type_name(value)) + "' has no len()");
  }
  return integer(n);
}

Expected<Value> items_filter(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("items", args, {}));
  if (is_undefined(value)) return generator(run.heap, {});
  if (value.kind != Kind::dict) return fail_run("Can only get item pairs from a mapping.");
  const View view{value.dict, View::Part::items};
  Value pairs;
  pairs.kind = Kind::view;
  pairs.view = &view;
  MR_TRY(const auto items, items_of(run, pairs));
  return generator(run.heap, items);
}

Expected<Value> sort(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("sort", args, {"reverse", "case_sensitive", "attribute"}));
  MR_TRY(const auto items, items_of(run, value));
  // Several attributes, with commas between them, make keys that are lists.
  std::vector<Value> attributes = {p[2]};
  if (is_string(p[2])) {
    const Str comma{",", {}};
    MR_TRY(attributes, split(run, *p[2].str, &comma, -1));
  }
  std::vector<std::vector<Value>> parts(items.size());
  for (const Value attribute : attributes) {
    MR_TRY(const auto keys, keys_of(run, items, attribute, is_true(p[1])));
    for (std::size_t i = 0; i < keys.size(); ++i) parts[i].push_back(keys[i]);
  }
  std::vector<Value> keys;
  for (const auto& key : parts) keys.push_back(list(run.heap, key));
  MR_TRY(const auto sorted, sort_by(run, items, keys, is_true(p[0])));
  return list(run.heap, sorted);
}

Expected<Value> dict_sort(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("dictsort", args, {"case_sensitive", "by", "reverse"}));
  if (is_undefined(value)) return fail_undefined(value);
  if (value.kind != Kind::dict) {
    return fail_run("'" + std::string(type_name(value)) + "' object has no attribute 'items'");
  }
  bool by_value = false;
  if (p[1].kind != Kind::missing) {
    MR_TRY(const Str* by, to_text(p[1]));
    by_value = by->text == "value";
    if (!by_value && by->text != "key") {
      return fail_run("You can only sort by either \"key\" or \"value\"");
    }
  }
  std::vector<Value> pairs;
  for (const Entry& entry : value.dict->entries) {
    const Value pair[] = {entry.key, entry.value};
    pairs.push_back(tuple(run.heap, pair));
  }
  MR_TRY(const auto keys, keys_of(run, pairs, integer(by_value ? 1 : 0), is_true(p[0])));
  MR_TRY(const auto sorted, sort_by(run, pairs, keys, is_true(p[2])));
  return list(run.heap, sorted);
}

Expected<Value> unique(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("unique", args, {"case_sensitive", "attribute"}));
  MR_TRY(const auto items, items_of(run, value));
  MR_TRY(const auto keys, keys_of(run, items, p[1], is_true(p[0])));
  DictBuilder seen;
  std::vector<Value> kept;
  for (std::size_t i = 0; i < items.size(); ++i) {
    MR_TRY(const bool is_new, put_new(run, seen, keys[i], none()));
    if (is_new) kept.push_back(items[i]);
  }
  return generator(run.heap, kept);
}

template <Op better>
Expected<Value> extreme(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("min", args, {"case_sensitive", "attribute"}));
  MR_TRY(const auto items, items_of(run, value));
  if (items.empty()) return undefined(run.heap, "No aggregated item, sequence was empty.");
  MR_TRY(const auto keys, keys_of(run, items, p[1], is_true(p[0])));
  std::size_t best = 0;
  for (std::size_t i = 1; i < items.size(); ++i) {
    MR_TRY(const bool wins, compare(run, better, keys[i], keys[best]));
    if (wins) best = i;
  }
  return items[best];
}

Expected<Value> sum(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("sum", args, {"attribute", "start"}));
  MR_TRY(const auto items, items_of(run, value));
  MR_TRY(const auto path, attribute_path(run, p[0]));
  Value total = p[1].kind == Kind::missing ? integer(0) : p[1];
  if (is_string(total)) return fail_run("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value item : items) {
    MR_TRY(const Value part, follow_path(run, item, path));
    MR_TRY_VOID(charge(run));
    MR_TRY(total, arithmetic(run, Op::add, total, part));
  }
  return total;
}

Expected<Value> batch(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("batch", args, {"linecount", "fill_with"}, 1));
  MR_TRY(const std::int64_t n, to_integer_or(p[0], 0));
  MR_TRY(const auto items, items_of(run, value));
  std::vector<Value> lines;
  const std::size_t n_line = n > 0 ? static_cast<std::size_t>(n) : items.size() + 1;
  for (std::size_t i = 0; i < items.size(); i += std::min(n_line, items.size() - i)) {
    MR_TRY_VOID(charge(run));
    const auto part = items.subspan(i, std::min(n_line, items.size() - i));
    std::vector<Value> line(part.begin(), part.end());
    if (is_given(p[1]) && n > 0 && line.size() < n_line) {
      MR_TRY_VOID(charge(run, n_line));
      line.resize(n_line, p[1]);
    }
    lines.push_back(list(run.heap, line));
  }
  return generator(run.heap, lines);
}

Expected<Value> slice_filter(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("slice", args, {"slices", "fill_with"}, 1));
  MR_TRY(const std::int64_t n, to_integer_or(p[0], 0));
  MR_TRY(const auto items, items_of(run, value));
  if (n == 0) return fail_run("integer division or modulo by zero");
  std::vector<Value> slices;
  const std::size_t n_slices = n > 0 ? static_cast<std::size_t>(n) : 0;
  MR_TRY_VOID(charge(run, n_slices));
  std::size_t begin = 0;
  for (std::size_t i = 0; i < n_slices; ++i) {
    const bool has_extra = i < items.size() % n_slices;
    const std::size_t n_part = items.size() / n_slices + (has_extra ? 1 : 0);
    const auto part = items.subspan(begin, n_part);
    std::vector<Value> line(part.begin(), part.end());
    if (is_given(p[1]) && !has_extra) line.push_back(p[1]);
    slices.push_back(list(run.heap, line));
    begin += n_part;
  }
  return generator(run.heap, slices);
}

Expected<Value> group_by(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("groupby", args, {"attribute", "default", "case_sensitive"}, 1));
  const bool case_sensitive = is_true(p[2]);
  MR_TRY(const auto items, items_of(run, value));
  MR_TRY(const auto keys, keys_of(run, items, p[0], case_sensitive, p[1]));
  MR_TRY(const auto sorted, sort_by(run, items, keys, false));
  MR_TRY(const auto sorted_keys, sort_by(run, keys, keys, false));
  MR_TRY(const auto shown, keys_of(run, sorted, p[0], true, p[1]));
  std::vector<Value> groups;
  for (std::size_t begin = 0; begin < sorted.size();) {
    std::size_t end = begin + 1;
    for (; end < sorted.size(); ++end) {
      MR_TRY(const bool same, equal(run, sorted_keys[begin], sorted_keys[end]));
      if (!same) break;
    }
    const Value pair[] = {
        shown[begin], list(run.heap, std::span<const Value>(sorted).subspan(begin, end - begin))};
    Value group = tuple(run.heap, pair);
    group.list = keep(run.heap, List{group.list->items, true});
    groups.push_back(group);
    begin = end;
  }
  return list(run.heap, groups);
}

constexpr Filter kSequenceFilters[] = {
    {"batch", batch},         {"count", length_filter},
    {"dictsort", dict_sort},  {"first", first},
    {"groupby", group_by},    {"items", items_filter},
    {"last", last},           {"length", length_filter},
    {"list", to_list},        {"max", extreme<Op::gt>},
    {"min", extreme<Op::lt>}, {"random", random_item},
    {"reverse", reverse},     {"slice", slice_filter},
    {"sort", sort},           {"sum", sum},
    {"unique", unique},
};

}  // namespace

std::span<const Filter> sequence_filters() {
  return kSequenceFilters;
}

}  // namespace mr::text::jinja
