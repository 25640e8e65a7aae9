#include "text/jinja/arguments.h"

#include <algorithm>
#include <string>

namespace mr::text::jinja {

Expected<std::vector<Value>> bind(std::string_view callee, const Args& args,
                                  std::initializer_list<std::string_view> names,
                                  std::size_t n_required) {
  const std::string who = std::string(callee) + "()";
  if (args.positional.size() > names.size()) {
    return fail_run(who + " takes at most " + std::to_string(names.size()) + " arguments (" +
                    std::to_string(args.positional.size()) + " given)");
  }
  std::vector<Value> values(names.size());
  std::copy(args.positional.begin(), args.positional.end(), values.begin());
  for (const auto& [keyword, value] : args.keyword) {
    const auto* name = std::find(names.begin(), names.end(), keyword);
    if (name == names.end()) {
      return fail_run(who + " got an unexpected keyword argument '" + std::string(keyword) + "'");
    }
    Value& place = values[static_cast<std::size_t>(name - names.begin())];
    if (place.kind != Kind::missing) {
      return fail_run(who + " got multiple values for argument '" + std::string(keyword) + "'");
    }
    place = value;
  }
  for (std::size_t i = 0; i < n_required; ++i) {
    if (values[i].kind != Kind::missing) continue;
    return fail_run(who + " missing a required argument: '" + std::string(names.begin()[i]) + "'");
  }
  return values;
}

Expected<std::int64_t> to_integer_or(Value value, std::int64_t fallback) {
  if (value.kind == Kind::missing) return fallback;
  if (is_integral(value)) return to_integer(value);
  if (is_undefined(value)) return fail_undefined(value);
  return fail_run("'" + std::string(type_name(value)) +
                  "' object cannot be interpreted as an integer");
}

Expected<const Str*> to_text(Value value) {
  if (is_string(value)) return value.str;
  if (is_undefined(value)) return fail_undefined(value);
  return fail_run("a string is required, not " + std::string(type_name(value)));
}

}  // namespace mr::text::jinja
