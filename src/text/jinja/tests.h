#pragma once
#include <string_view>

#include "text/jinja/run.h"

namespace mr::text::jinja {

/// What stands behind `is`: tells whether a value has a property.
using TestFn = Expected<bool> (*)(Run&, Value, const Args&);

/// A test by its name, or null.
TestFn find_test(std::string_view name);

}  // namespace mr::text::jinja
