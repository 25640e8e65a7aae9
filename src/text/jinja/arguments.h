#pragma once
#include <initializer_list>
#include <string_view>
#include <vector>

#include "text/jinja/run.h"

namespace mr::text::jinja {

/// The arguments of a call in the order of the parameters' names, missing where not given.
/// Errors: too many, unknown, given twice, or fewer than required.
Expected<std::vector<Value>> bind(std::string_view callee, const Args& args,
                                  std::initializer_list<std::string_view> names,
                                  std::size_t n_required = 0);

inline bool is_given(Value value) {
  return value.kind != Kind::missing && value.kind != Kind::none;
}
/// An argument as a whole number, or what it is where not given. Errors: another type.
Expected<std::int64_t> to_integer_or(Value value, std::int64_t fallback);
/// An argument that must be a string.
Expected<const Str*> to_text(Value value);

}  // namespace mr::text::jinja
