#pragma once
#include <boost/json/value.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

/// JSON files: read with limits, and typed looks into objects that say what was wrong.
namespace mr::json {

struct Limits {
  std::size_t max_bytes = 32U << 20;     // of the text
  std::size_t memory_bytes = 40U << 20;  // of the values made from it
  std::size_t scratch_bytes = 16U << 20;
  std::size_t max_depth = 64;
};

/// A parsed text. Its values lie in one block of memory that is as large as the limit allows but
/// is only touched as far as needed: however the text looks, parsing cannot use more.
struct Document {
  std::unique_ptr<std::byte[]> memory;
  boost::json::value root;

  Document() = default;
  Document(Document&&) = default;
  Document& operator=(Document&&) = delete;  // it would free the memory before the values in it
  ~Document() = default;
};

/// Errors: bad_model, with the place: not JSON, too deep, too large.
Expected<Document> parse(std::string_view text, const Limits& limits = {});

/// The same for a file; messages name it.
Expected<Document> read_file(const std::string& path, const Limits& limits = {});

/// The root as an object. Errors: bad_model where it is something else.
Expected<const boost::json::object*> root_object(const Document& document);

/// A field by its name; nothing where it is absent or null. T is bool, std::int64_t,
/// std::uint32_t, double (integers too), std::string or const boost::json::object*.
/// Errors: bad_model where the field is something else, naming key, wanted and found.
template <typename T>
Expected<std::optional<T>> get_optional(const boost::json::object& object, std::string_view key);

/// The same for a field that must be there.
template <typename T>
Expected<T> get(const boost::json::object& object, std::string_view key);

/// The same with a value for where it is not.
template <typename T>
Expected<T> get_or(const boost::json::object& object, std::string_view key, T fallback) {
  return get_optional<T>(object, key).map([&](std::optional<T> found) {
    return found ? *std::move(found) : std::move(fallback);
  });
}

}  // namespace mr::json
