#include "text/json.h"

#include "base/quote.h"

namespace mr::text {
namespace {

tl::unexpected<Error> wrong(std::string_view name, const char* wanted, const json::value& found) {
  const json::string_view kind = json::to_string(found.kind());
  return fail(Fault::bad_model, "the member " + quote(name) + " is no " + wanted + " but of type " +
                                    std::string(kind.data(), kind.size()));
}

}  // namespace

Expected<JsonFile> parse_json(std::string_view text) {
  if (text.size() > kMaxJsonBytes) {
    return fail(Fault::bad_model, "a JSON text of " + std::to_string(text.size()) +
                                      " bytes; the limit is " + std::to_string(kMaxJsonBytes));
  }
  auto memory = std::make_unique<json::monotonic_resource>();
  json::parse_options options;
  options.max_depth = 64;
  json::error_code error;
  json::value root = json::parse({text.data(), text.size()}, error, memory.get(), options);
  if (error) return fail(Fault::bad_model, "not valid JSON: " + error.message());
  return JsonFile{std::move(memory), std::move(root)};
}

const json::value* member(const json::value& object, std::string_view name) {
  const json::object* members = object.if_object();
  if (members == nullptr) return nullptr;
  const json::value* found = members->if_contains({name.data(), name.size()});
  return found == nullptr || found->is_null() ? nullptr : found;
}

Expected<std::string_view> get_text(const json::value& object, std::string_view name,
                                    std::string_view fallback) {
  const json::value* found = member(object, name);
  if (found == nullptr) return fallback;
  if (!found->is_string()) return wrong(name, "string", *found);
  return as_text(found->get_string());
}

Expected<bool> get_flag(const json::value& object, std::string_view name, bool fallback) {
  const json::value* found = member(object, name);
  if (found == nullptr) return fallback;
  if (!found->is_bool()) return wrong(name, "true or false", *found);
  return found->get_bool();
}

Expected<Id> get_id(const json::value& object, std::string_view name, Id fallback) {
  const json::value* found = member(object, name);
  if (found == nullptr) return fallback;
  json::error_code error;
  const auto id = found->to_number<Id>(error);
  if (error) return wrong(name, "token id", *found);
  return id;
}

Expected<const json::array*> get_list(const json::value& object, std::string_view name) {
  static const json::array kNone;
  const json::value* found = member(object, name);
  if (found == nullptr) return &kNone;
  if (!found->is_array()) return wrong(name, "array", *found);
  return &found->get_array();
}

}  // namespace mr::text
