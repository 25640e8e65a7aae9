#pragma once
#include <string_view>

#include "text/jinja/run.h"

namespace mr::text::jinja {

/// What stands behind `is`: tells whether a value has a property.
struct Test {
  std::string_view name;
  Expected<bool> (*call)(Run&, Value, const Args&);
  std::size_t n_arguments = 0;
};

/// A test by its name, or null.
const Test* find_test(std::string_view name);

}  // namespace mr::text::jinja
