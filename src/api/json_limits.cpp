#include "api/json_limits.h"

#include <string>

namespace mr::api {
namespace json = boost::json;
namespace {

/// Nothing that has a limit here.
bool is_plain(const json::value& value) {
  return !value.is_structured() && !value.is_string();
}

/// What is wrong with a value; `path` leads to it.
Checked<void> check(const json::value& value, const Limits& limits, std::string& path) {
  const std::size_t before = path.size();
  const auto at_most = [&](std::size_t most, const char* of, std::size_t found) {
    return refuse({.message = "body" + path + ": wanted at most " + std::to_string(most) + " " +
                              of + ", found " + std::to_string(found),
                   .code = "invalid_json"});
  };
  if (const auto* text = value.if_string(); text != nullptr) {
    if (text->size() > limits.json_string_bytes) {
      return at_most(limits.json_string_bytes, "bytes in a string", text->size());
    }
  } else if (const auto* list = value.if_array(); list != nullptr) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (is_plain((*list)[i])) continue;
      path += "[" + std::to_string(i) + "]";
      if (auto checked = check((*list)[i], limits, path); !checked) return checked;
      path.resize(before);
    }
  } else if (const auto* object = value.if_object(); object != nullptr) {
    if (object->size() > limits.json_keys) {
      return at_most(limits.json_keys, "keys in an object", object->size());
    }
    for (const auto& item : *object) {
      if (is_plain(item.value())) continue;
      const std::string_view key(item.key().data(), item.key().size());
      path += "." + std::string(key.substr(0, 64));
      if (auto checked = check(item.value(), limits, path); !checked) return checked;
      path.resize(before);
    }
  }
  return {};
}

}  // namespace

Checked<void> check_json(const json::value& value, const Limits& limits) {
  std::string path;
  return check(value, limits, path);
}

}  // namespace mr::api
