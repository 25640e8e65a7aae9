#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "text/jinja/run.h"

/// Attributes, items and iteration: all that a template can reach from a value.
namespace mr::text::jinja {

/// value.name. Errors: an attribute of an undefined value.
Expected<Value> get_attribute(Run& run, Value object, std::string_view name);
/// value[index], undefined where there is none. Errors: an item of an undefined value.
Expected<Value> get_item(Run& run, Value object, Value index);
/// What Python's getattr finds of a value, items aside, or missing.
Value own_attribute(Run& run, Value object, std::string_view name);
/// Sets an attribute of a namespace. Errors: of anything else.
Expected<void> set_attribute(Run& run, Value object, std::string_view name, Value value);
/// value[start:stop:step]; missing or none where left out.
Expected<Value> get_slice(Run& run, Value object, Value start, Value stop, Value step);

/// What a for loop visits. A generator is used up by it.
/// Errors: not iterable, said as `before` TYPE `after`.
Expected<std::span<const Value>> items_of(Run& run, Value value, std::string_view before = "'",
                                          std::string_view after = "' object is not iterable");
bool is_iterable(Value value);

/// len(value), or -1 where it has none.
std::int64_t length(Value value);

/// Where `needle` is in `text` at or after `from`, or npos. Cost: linear.
std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from);

/// The path of a filter's attribute argument: "a.b.0" or an integer; empty for none.
Expected<std::vector<Value>> attribute_path(Run& run, Value attribute);
/// The value at a path; `fallback` (unless missing) where a step is undefined.
Expected<Value> follow_path(Run& run, Value value, std::span<const Value> path,
                            Value fallback = {});

}  // namespace mr::text::jinja
