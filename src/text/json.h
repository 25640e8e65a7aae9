#pragma once
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/pieces.h"

/// Reading tokenizer files in JSON: what is wanted of a value, or an error that says what is there.
namespace mr::text {

namespace json = boost::json;

constexpr std::size_t kMaxJsonBytes = 256U << 20;

/// The document and its memory.
struct JsonFile {
  std::unique_ptr<json::monotonic_resource> memory;
  json::value root;
};

Expected<JsonFile> parse_json(std::string_view text);

inline std::string_view as_text(const json::string& text) {
  return {text.data(), text.size()};
}

/// The member of an object, or null where there is none or it is null.
const json::value* member(const json::value& object, std::string_view name);

/// The member's text, flag or id; the fallback where there is none.
/// Errors: bad_model where it is something else.
Expected<std::string_view> get_text(const json::value& object, std::string_view name,
                                    std::string_view fallback = {});
Expected<bool> get_flag(const json::value& object, std::string_view name, bool fallback);
Expected<Id> get_id(const json::value& object, std::string_view name, Id fallback);

/// The member's items; none where there is none.
Expected<const json::array*> get_list(const json::value& object, std::string_view name);

}  // namespace mr::text
