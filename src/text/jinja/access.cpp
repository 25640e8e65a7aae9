#include "text/jinja/access.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "text/jinja/dict.h"
#include "text/jinja/methods.h"
#include "text/jinja/ops.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

/// How messages name the type of an object.
std::string describe_type(Value value) {
  switch (value.kind) {
    case Kind::none:
      return "None";
    case Kind::space:
      return "jinja2.utils.Namespace object";
    case Kind::cycler:
      return "jinja2.utils.Cycler object";
    case Kind::joiner:
      return "jinja2.utils.Joiner object";
    case Kind::loop:
      return "jinja2.runtime.LoopContext object";
    case Kind::macro:
      return "jinja2.runtime.Macro object";
    default:
      return std::string(type_name(value)) + " object";
  }
}

bool is_mutator(Value object, std::string_view name) {
  static constexpr std::array<std::string_view, 5> kDict = {"clear", "pop", "popitem", "setdefault",
                                                            "update"};
  static constexpr std::array<std::string_view, 8> kList = {"append", "clear", "pop",    "reverse",
                                                            "insert", "sort",  "extend", "remove"};
  if (object.kind == Kind::dict) return std::find(kDict.begin(), kDict.end(), name) != kDict.end();
  return object.kind == Kind::list && std::find(kList.begin(), kList.end(), name) != kList.end();
}

bool is_special(std::string_view name) {
  return name.size() > 4 && name.starts_with("__") && name.ends_with("__");
}

Value unsafe_attribute(Run& run, Value object, std::string_view name) {
  return undefined(run.heap,
                   "access to attribute '" + std::string(name) + "' of '" +
                       std::string(type_name(object)) + "' object is unsafe.",
                   true);
}

Value no_attribute(Run& run, Value object, std::string_view name) {
  return undefined(run.heap,
                   "'" + describe_type(object) + "' has no attribute '" + std::string(name) + "'");
}

Value loop_attribute(Run& run, Loop& loop, std::string_view name) {
  const auto n = static_cast<std::int64_t>(loop.items.size());
  const auto index = static_cast<std::int64_t>(loop.index);
  if (name == "index") return integer(index + 1);
  if (name == "index0") return integer(index);
  if (name == "revindex") return integer(n - index);
  if (name == "revindex0") return integer(n - index - 1);
  if (name == "first") return boolean(index == 0);
  if (name == "last") return boolean(index + 1 >= n);
  if (name == "length") return integer(n);
  if (name == "depth") return integer(loop.depth + 1);
  if (name == "depth0") return integer(loop.depth);
  if (name == "previtem") {
    return index > 0 ? loop.items[loop.index - 1]
                     : undefined(run.heap, "there is no previous item");
  }
  if (name == "nextitem") {
    return index + 1 < n ? loop.items[loop.index + 1]
                         : undefined(run.heap, "there is no next item");
  }
  return {};
}

Value macro_attribute(Run& run, const Macro& macro, std::string_view name) {
  const Signature& signature = macro.stmt->signature;
  if (name == "name") {
    return macro.stmt->name == kNone ? none()
                                     : string(run.heap, run.parsed.names[macro.stmt->name]);
  }
  if (name == "arguments") {
    std::vector<Value> names;
    for (const NameId id : signature.names) {
      names.push_back(string(run.heap, run.parsed.names[id]));
    }
    return tuple(run.heap, names);
  }
  if (name == "catch_kwargs") return boolean(signature.takes_kwargs);
  if (name == "catch_varargs") return boolean(signature.takes_varargs);
  if (name == "caller") return boolean(signature.takes_caller);
  return {};
}

}  // namespace

Value own_attribute(Run& run, Value object, std::string_view name) {
  if (object.kind == Kind::space) {
    for (const Entry& entry : object.space->attributes.first(object.space->n_attributes)) {
      if (entry.key.str->text == name) return entry.value;
    }
    return is_special(name) ? unsafe_attribute(run, object, name) : Value{};
  }
  if (is_special(name) || is_mutator(object, name)) return unsafe_attribute(run, object, name);
  Value found;
  if (object.kind == Kind::loop) found = loop_attribute(run, *object.loop, name);
  if (object.kind == Kind::macro) found = macro_attribute(run, *object.macro, name);
  if (object.kind == Kind::cycler && name == "current") {
    found = object.cycler->items[object.cycler->next];
  }
  if (object.kind == Kind::tuple && object.list->is_group) {
    if (name == "grouper") return object.list->items[0];
    if (name == "list") return object.list->items[1];
  }
  if (object.kind == Kind::range) {
    const Interval& interval = *object.interval;
    if (name == "start") found = integer(interval.start);
    if (name == "stop") found = integer(interval.stop);
    if (name == "step") found = integer(interval.step);
  }
  return found.kind != Kind::missing ? found : find_method(run, object, name);
}

namespace {

/// The item at an index of a sequence, counted from the end where negative; or missing.
Value item_at(Run& run, Value object, std::int64_t index) {
  const std::int64_t n = length(object);
  if (index < 0) index += n;
  if (index < 0 || index >= n) return {};
  if (object.kind == Kind::range) {
    return integer(object.interval->start + index * object.interval->step);
  }
  if (!is_string(object)) return object.list->items[static_cast<std::size_t>(index)];
  const Str& str = *object.str;
  const std::size_t begin = char_offset(str.text, static_cast<std::size_t>(index));
  std::size_t end = begin;
  next_char(str.text, end);
  return slice(run.heap, str, begin, end);
}

bool is_indexed(Value value) {
  return value.kind == Kind::list || value.kind == Kind::tuple || value.kind == Kind::string ||
         value.kind == Kind::range;
}

struct SliceRange {
  std::int64_t start, step, n_items;
};

/// Source: CPython, PySlice_AdjustIndices.
Expected<SliceRange> slice_range(Value start, Value stop, Value step, std::int64_t n) {
  std::int64_t parts[3] = {0, 0, 1};
  bool given[3] = {};
  const Value values[3] = {start, stop, step};
  for (int i = 0; i < 3; ++i) {
    if (values[i].kind == Kind::missing || values[i].kind == Kind::none) continue;
    if (!is_integral(values[i])) {
      return fail_run("slice indices must be integers or None or have an __index__ method");
    }
    parts[i] = to_integer(values[i]);
    given[i] = true;
  }
  if (parts[2] == 0) return fail_run("slice step cannot be zero");
  const bool back = parts[2] < 0;
  const std::int64_t low = back ? -1 : 0;
  const std::int64_t high = back ? n - 1 : n;
  for (int i = 0; i < 2; ++i) {
    if (!given[i]) {
      parts[i] = (i == 0) == back ? high : low;
    } else {
      if (parts[i] < 0) parts[i] += n;
      parts[i] = std::clamp(parts[i], low, high);
    }
  }
  const std::int64_t distance = back ? parts[0] - parts[1] : parts[1] - parts[0];
  const std::uint64_t stride =
      back ? 0 - static_cast<std::uint64_t>(parts[2]) : static_cast<std::uint64_t>(parts[2]);
  const std::int64_t count =
      distance <= 0
          ? 0
          : static_cast<std::int64_t>((static_cast<std::uint64_t>(distance) - 1) / stride) + 1;
  return SliceRange{parts[0], parts[2], count};
}

Expected<Value> slice_string(Run& run, const Str& str, const SliceRange& range) {
  MR_TRY_VOID(charge_bytes(run, str.text.size()));
  if (range.step == 1) {
    const std::size_t begin = char_offset(str.text, static_cast<std::size_t>(range.start));
    const std::size_t n_bytes =
        char_offset(str.text.substr(begin), static_cast<std::size_t>(range.n_items));
    return slice(run.heap, str, begin, begin + n_bytes);
  }
  MR_TRY_VOID(charge(run, static_cast<std::uint64_t>(n_chars(str.text))));
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < str.text.size(); next_char(str.text, at)) starts.push_back(at);
  Marked text = marked(run);
  for (std::int64_t i = 0; i < range.n_items; ++i) {
    std::size_t end = starts[static_cast<std::size_t>(range.start + i * range.step)];
    const std::size_t begin = end;
    next_char(str.text, end);
    append(text, str, begin, end);
  }
  return finish(run, text, str.markup);
}

}  // namespace

std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from) {
  if (from > text.size() || needle.size() > text.size() - from) return std::string_view::npos;
  if (needle.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::int64_t length(Value value) {
  switch (value.kind) {
    case Kind::undefined:
      return 0;
    case Kind::string:
      return static_cast<std::int64_t>(n_chars(value.str->text));
    case Kind::list:
    case Kind::tuple:
      return static_cast<std::int64_t>(value.list->items.size());
    case Kind::dict:
      return static_cast<std::int64_t>(value.dict->entries.size());
    case Kind::view:
      return static_cast<std::int64_t>(value.view->dict->entries.size());
    case Kind::range:
      return value.interval->n_items;
    case Kind::loop:
      return static_cast<std::int64_t>(value.loop->items.size());
    default:
      return -1;
  }
}

bool is_iterable(Value value) {
  return length(value) >= 0 || value.kind == Kind::generator;
}

Expected<std::span<const Value>> items_of(Run& run, Value value, std::string_view before,
                                          std::string_view after) {
  std::vector<Value> items;
  switch (value.kind) {
    case Kind::list:
    case Kind::tuple:
      return value.list->items;
    case Kind::generator: {
      const auto rest = value.generator->items.subspan(value.generator->next);
      value.generator->next = value.generator->items.size();
      return rest;
    }
    case Kind::undefined:
      if (value.undef->unsafe) return fail_undefined(value);
      break;
    case Kind::string: {
      const Str& str = *value.str;
      MR_TRY_VOID(charge(run, str.text.size()));
      for (std::size_t at = 0; at < str.text.size();) {
        const std::size_t begin = at;
        next_char(str.text, at);
        items.push_back(slice(run.heap, str, begin, at));
      }
      break;
    }
    case Kind::dict:
      MR_TRY_VOID(charge(run, value.dict->entries.size()));
      for (const Entry& entry : value.dict->entries) items.push_back(entry.key);
      break;
    case Kind::view:
      MR_TRY_VOID(charge(run, value.view->dict->entries.size()));
      for (const Entry& entry : value.view->dict->entries) {
        const Value pair[] = {entry.key, entry.value};
        items.push_back(value.view->part == View::Part::keys     ? entry.key
                        : value.view->part == View::Part::values ? entry.value
                                                                 : tuple(run.heap, pair));
      }
      break;
    case Kind::range:
      MR_TRY_VOID(charge(run, static_cast<std::uint64_t>(value.interval->n_items)));
      for (std::int64_t i = 0; i < value.interval->n_items; ++i) {
        items.push_back(item_at(run, value, i));
      }
      break;
    default:
      return fail_run(std::string(before) + std::string(type_name(value)) + std::string(after));
  }
  return keep_all(run.heap, std::span<const Value>(items));
}

Expected<Value> get_attribute(Run& run, Value object, std::string_view name) {
  MR_TRY_VOID(charge(run));
  if (is_undefined(object)) {
    if (is_special(name) && !object.undef->unsafe) return unsafe_attribute(run, object, name);
    return fail_undefined(object);
  }
  const Value own = own_attribute(run, object, name);
  if (own.kind != Kind::missing) {
    // A key that only looks special is data: dicts have no such attribute for it to hide.
    if (object.kind == Kind::dict && is_undefined(own) && is_special(name)) {
      if (const Value* value = find_text(*object.dict, name)) return *value;
    }
    return own;
  }
  if (object.kind == Kind::dict) {
    if (const Value* value = find_text(*object.dict, name)) return *value;
  }
  return no_attribute(run, object, name);
}

Expected<void> set_attribute(Run& run, Value object, std::string_view name, Value value) {
  if (object.kind != Kind::space) {
    return fail_run("cannot assign attribute on non-namespace object");
  }
  Space& space = *object.space;
  MR_TRY_VOID(charge(run, 1 + space.n_attributes / 8));
  for (Entry& entry : space.attributes.first(space.n_attributes)) {
    if (entry.key.str->text != name) continue;
    entry.value = value;
    return {};
  }
  if (space.n_attributes == space.attributes.size()) {
    const std::size_t n_room = std::max<std::size_t>(4, 2 * space.n_attributes);
    auto* room = static_cast<Entry*>(allocate(run.heap, n_room * sizeof(Entry)));
    std::uninitialized_default_construct_n(room, n_room);
    std::copy_n(space.attributes.begin(), space.n_attributes, room);
    space.attributes = {room, n_room};
  }
  space.attributes[space.n_attributes++] = {string(run.heap, name), value};
  return {};
}

Expected<Value> get_item(Run& run, Value object, Value index) {
  MR_TRY_VOID(charge(run));
  if (is_undefined(object)) return fail_undefined(object);
  if (object.kind == Kind::dict) {
    const auto found = find(run, *object.dict, index);
    if (found && *found != nullptr) return **found;
    if (!found && found.error().fault != Fault::bad_request) return tl::unexpected(found.error());
  }
  if (is_integral(index) && is_indexed(object)) {
    if (is_string(object)) MR_TRY_VOID(charge_bytes(run, object.str->text.size()));
    const Value item = item_at(run, object, to_integer(index));
    if (item.kind != Kind::missing) return item;
  }
  if (is_string(index)) {
    const Value own = own_attribute(run, object, index.str->text);
    if (own.kind != Kind::missing) return own;
    return no_attribute(run, object, index.str->text);
  }
  Marked message = marked(run);
  append(message, describe_type(object) + " has no element ", false);
  MR_TRY_VOID(append_repr(run, message, index));
  return undefined(run.heap, message.text);
}

Expected<Value> get_slice(Run& run, Value object, Value start, Value stop, Value step) {
  MR_TRY_VOID(charge(run));
  if (is_undefined(object)) return fail_undefined(object);
  if (object.kind == Kind::dict) return fail_run("unhashable type: 'slice'");
  if (!is_indexed(object)) {
    return fail_run("'" + std::string(type_name(object)) + "' object is not subscriptable");
  }
  MR_TRY(const SliceRange range, slice_range(start, stop, step, length(object)));
  if (is_string(object)) return slice_string(run, *object.str, range);
  if (object.kind == Kind::range) {
    const Interval& all = *object.interval;
    Interval part{0, 0, 0, range.n_items};
    std::int64_t offset = 0;
    std::int64_t extent = 0;
    if (__builtin_mul_overflow(range.start, all.step, &offset) ||
        __builtin_add_overflow(all.start, offset, &part.start) ||
        __builtin_mul_overflow(range.step, all.step, &part.step) ||
        __builtin_mul_overflow(range.n_items, part.step, &extent) ||
        __builtin_add_overflow(part.start, extent, &part.stop)) {
      return fail_run("integer overflow in a slice of a range");
    }
    Value value = object;
    value.interval = keep(run.heap, part);
    return value;
  }
  const auto items = object.list->items;
  MR_TRY_VOID(charge(run, static_cast<std::uint64_t>(range.n_items)));
  std::vector<Value> part;
  part.reserve(static_cast<std::size_t>(range.n_items));
  for (std::int64_t i = 0; i < range.n_items; ++i) {
    part.push_back(items[static_cast<std::size_t>(range.start + i * range.step)]);
  }
  return object.kind == Kind::list ? list(run.heap, part) : tuple(run.heap, part);
}

Expected<std::vector<Value>> attribute_path(Run& run, Value attribute) {
  std::vector<Value> path;
  if (attribute.kind == Kind::missing || attribute.kind == Kind::none) return path;
  if (!is_string(attribute)) return std::vector<Value>{attribute};
  const std::string_view text = attribute.str->text;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    std::int64_t index = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool is_index = !part.empty() && part[0] != '-' && read.ec == std::errc() &&
                          read.ptr == part.data() + part.size();
    path.push_back(is_index ? integer(index) : string(run.heap, part));
    begin = end + 1;
  }
  return path;
}

Expected<Value> follow_path(Run& run, Value value, std::span<const Value> path, Value fallback) {
  for (const Value step : path) {
    MR_TRY(value, get_item(run, value, step));
    if (is_undefined(value) && fallback.kind != Kind::missing && fallback.kind != Kind::none) {
      value = fallback;
    }
  }
  return value;
}

}  // namespace mr::text::jinja
