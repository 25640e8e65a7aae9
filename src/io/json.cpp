#include "io/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/null_resource.hpp>
#include <new>
#include <utility>

#include "base/quote.h"
#include "io/json_values.h"
#include "sys/mapped_file.h"

namespace mr::json {
namespace {

namespace bj = boost::json;

constexpr std::string_view kBom = "\xef\xbb\xbf";

tl::unexpected<Error> bad(std::string what) {
  return fail(Fault::bad_model, std::move(what));
}

// A block of `limit`, or less where a short text cannot need as much: the smallest value takes two
// bytes of text and 24 of memory, twice that while a list of them grows.
std::size_t block_bytes(std::size_t limit, std::string_view text) {
  return std::min(limit, 4096 + 64 * text.size());
}

// The parser ends at the first thing that is wrong and says where by what it has taken.
Expected<bj::value> parse_into(std::string_view text, const Limits& limits,
                               bj::storage_ptr storage) {
  const std::size_t scratch_bytes = block_bytes(limits.scratch_bytes, text);
  const auto scratch = std::make_unique_for_overwrite<std::byte[]>(scratch_bytes);
  bj::monotonic_resource scratch_resource(scratch.get(), scratch_bytes, bj::get_null_resource());
  bj::parse_options options;
  options.max_depth = limits.max_depth;
  bj::basic_parser<ExactValues> parser(options, &scratch_resource);
  bj::value_stack& stack = parser.handler().stack;
  stack.reset(std::move(storage));
  bj::error_code error;
  const std::size_t taken = parser.write_some(false, text.data(), text.size(), error);
  if (!error && taken != text.size()) error = bj::error::extra_data;
  if (error) return bad("not JSON at byte " + std::to_string(taken) + ": " + error.message());
  return stack.release();
}

template <typename T>
constexpr const char* kWanted = "";
template <>
constexpr const char* kWanted<bool> = "a bool";
template <>
constexpr const char* kWanted<std::int64_t> = "an integer";
template <>
constexpr const char* kWanted<std::uint32_t> = "an integer from 0 to 4294967295";
template <>
constexpr const char* kWanted<double> = "a number";
template <>
constexpr const char* kWanted<std::string> = "a string";
template <>
constexpr const char* kWanted<const bj::object*> = "an object";

std::string describe(const bj::value& value) {
  switch (value.kind()) {
    case bj::kind::null:
      return "null";
    case bj::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case bj::kind::int64:
      return std::to_string(value.get_int64());
    case bj::kind::uint64:
      return std::to_string(value.get_uint64());
    case bj::kind::double_:
      return std::to_string(value.get_double());
    case bj::kind::string:
      return "the string " + quote(value.get_string());
    case bj::kind::array:
      return "an array";
    case bj::kind::object:
      return "an object";
  }
  return "something else";
}

template <typename T>
std::optional<T> convert(const bj::value& value) {
  if constexpr (std::is_same_v<T, bool>) {
    if (value.is_bool()) return value.get_bool();
  } else if constexpr (std::is_integral_v<T>) {
    if (value.is_int64() && std::in_range<T>(value.get_int64())) {
      return static_cast<T>(value.get_int64());
    }
  } else if constexpr (std::is_same_v<T, double>) {
    if (value.is_double()) return value.get_double();
    if (value.is_int64()) return static_cast<double>(value.get_int64());
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (value.is_string()) return std::string(value.get_string());
  } else {
    if (value.is_object()) return &value.get_object();
  }
  return std::nullopt;
}

}  // namespace

Expected<Document> parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.max_bytes) {
    return bad("wanted at most " + std::to_string(limits.max_bytes) + " bytes of JSON, found " +
               std::to_string(text.size()));
  }
  if (text.starts_with(kBom)) text.remove_prefix(kBom.size());
  Document document;
  try {
    const std::size_t memory_bytes = block_bytes(limits.memory_bytes, text);
    document.memory = std::make_unique_for_overwrite<std::byte[]>(memory_bytes);
    auto parsed = parse_into(text, limits,
                             bj::make_shared_resource<bj::monotonic_resource>(
                                 document.memory.get(), memory_bytes, bj::get_null_resource()));
    if (!parsed) return tl::unexpected<Error>(std::move(parsed).error());
    // A move would copy where the storages differ, so the value is built over the other.
    std::destroy_at(&document.root);
    std::construct_at(&document.root, bj::pilfer(*parsed));
  } catch (const std::bad_alloc&) {
    return bad("the JSON needs more than " + std::to_string(limits.memory_bytes) +
               " bytes of memory");
  }
  return document;
}

Expected<Document> read_file(const std::string& path, const Limits& limits) {
  MR_TRY(const auto file, sys::map_file(path));
  const auto bytes = sys::bytes(file);
  auto document = parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, limits);
  if (!document) return fail_at(quote(path), std::move(document).error());
  return document;
}

Expected<const bj::object*> root_object(const Document& document) {
  if (document.root.is_object()) return &document.root.get_object();
  return bad("wanted a JSON object, found " + describe(document.root));
}

template <typename T>
Expected<std::optional<T>> get_optional(const bj::object& object, std::string_view key) {
  const bj::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || value->is_null()) return std::optional<T>();
  auto converted = convert<T>(*value);
  if (converted) return converted;
  return bad("field " + quote(key) + ": wanted " + kWanted<T> + ", found " + describe(*value));
}

template <typename T>
Expected<T> get(const bj::object& object, std::string_view key) {
  MR_TRY(auto found, get_optional<T>(object, key));
  if (found) return *std::move(found);
  return bad("field " + quote(key) + ": wanted " + kWanted<T> + ", found no such field");
}

#define MR_JSON_GETTERS(T)                                          \
  template Expected<T> get<T>(const bj::object&, std::string_view); \
  template Expected<std::optional<T>> get_optional<T>(const bj::object&, std::string_view);
MR_JSON_GETTERS(bool)
MR_JSON_GETTERS(std::int64_t)
MR_JSON_GETTERS(std::uint32_t)
MR_JSON_GETTERS(double)
MR_JSON_GETTERS(std::string)
MR_JSON_GETTERS(const bj::object*)
#undef MR_JSON_GETTERS

}  // namespace mr::json
