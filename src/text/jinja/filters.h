#pragma once
#include <span>
#include <string_view>

#include "text/jinja/run.h"

namespace mr::text::jinja {

/// A filter: a function of the value before the bar and its arguments.
struct Filter {
  std::string_view name;
  Expected<Value> (*call)(Run&, Value, const Args&);
};

/// A filter by its name, or null.
const Filter* find_filter(std::string_view name);

// The filters, by what they work on.
std::span<const Filter> text_filters();
std::span<const Filter> sequence_filters();
std::span<const Filter> selection_filters();
std::span<const Filter> value_filters();
std::span<const Filter> web_filters();

}  // namespace mr::text::jinja
