#include "text/jinja/filters.h"

namespace mr::text::jinja {

const Filter* find_filter(std::string_view name) {
  for (const auto filters :
       {text_filters(), sequence_filters(), selection_filters(), value_filters(), web_filters()}) {
    for (const Filter& filter : filters) {
      if (filter.name == name) return &filter;
    }
  }
  return nullptr;
}

Expected<Value> apply_filter(Run& run, std::string_view name, Value value, const Args& args) {
  MR_TRY_VOID(charge(run));
  const Filter* filter = find_filter(name);
  if (filter == nullptr) return fail_run("No filter named '" + std::string(name) + "'.");
  return filter->call(run, value, args);
}

}  // namespace mr::text::jinja
