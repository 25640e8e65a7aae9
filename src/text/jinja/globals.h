#pragma once
#include <string_view>

#include "text/jinja/run.h"

namespace mr::text::jinja {

/// A function that every template can call (range, namespace, raise_exception, ...), or null.
NativeFn find_global(std::string_view name);

}  // namespace mr::text::jinja
