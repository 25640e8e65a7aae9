#pragma once
#include <string_view>

#include "text/jinja/run.h"

namespace mr::text::jinja {

/// A method of a value bound to it, or missing where its type has none of that name. None of them
/// changes anything but a cycler's or a loop's own state.
Value find_method(Run& run, Value self, std::string_view name);

/// The same for strings.
NativeFn find_string_method(std::string_view name);

}  // namespace mr::text::jinja
