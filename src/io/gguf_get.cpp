#include <algorithm>
#include <utility>

#include "base/quote.h"
#include "io/gguf.h"
#include "io/gguf_value.h"

namespace mr::gguf {
namespace {

template <typename T>
constexpr const char* kWanted = "";
template <>
constexpr const char* kWanted<bool> = "a bool";
template <>
constexpr const char* kWanted<std::uint32_t> = "an integer from 0 to 4294967295";
template <>
constexpr const char* kWanted<std::int32_t> = "an integer from -2147483648 to 2147483647";
template <>
constexpr const char* kWanted<std::uint64_t> = "an unsigned integer";
template <>
constexpr const char* kWanted<std::int64_t> = "an integer";
template <>
constexpr const char* kWanted<float> = "a float";
template <>
constexpr const char* kWanted<double> = "a float";
template <>
constexpr const char* kWanted<std::string_view> = "a string";
template <>
constexpr const char* kWanted<std::string> = "a string";
template <>
constexpr const char* kWanted<Array> = "an array";

std::string describe(const Value& value) {
  std::string text = name(value.type);
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
    text += " " + std::to_string(*number);
  } else if (const auto* signed_number = std::get_if<std::int64_t>(&value.data)) {
    text += " " + std::to_string(*signed_number);
  } else if (const auto* array = std::get_if<Array>(&value.data)) {
    text += std::string(" of ") + std::to_string(array->n) + " " + name(array->item);
  }
  return text;
}

template <typename T, typename Found>
std::optional<T> narrow(Found found) {
  if (!std::in_range<T>(found)) return std::nullopt;
  return static_cast<T>(found);
}

template <typename T>
std::optional<T> convert(const Value& value) {
  if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, Array>) {
    if (const auto* same = std::get_if<T>(&value.data)) return *same;
  } else if constexpr (std::is_integral_v<T>) {
    if (const auto* u = std::get_if<std::uint64_t>(&value.data)) return narrow<T>(*u);
    if (const auto* i = std::get_if<std::int64_t>(&value.data)) return narrow<T>(*i);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (const auto* d = std::get_if<double>(&value.data)) return static_cast<T>(*d);
  } else {
    if (const auto* text = std::get_if<std::string_view>(&value.data)) return T(*text);
  }
  return std::nullopt;
}

tl::unexpected<Error> wrong(const File& file, std::string_view key, const std::string& what) {
  const std::string where = file.path.empty() ? "" : quote(file.path) + ": ";
  return fail(Fault::bad_model, where + "metadata " + quote(key) + ": " + what);
}

template <typename T>
Expected<T> get_value(const File& file, std::string_view key) {
  const Value* value = find(file, key);
  if (value == nullptr) {
    return wrong(file, key, std::string("wanted ") + kWanted<T> + ", found no such key");
  }
  if (auto converted = convert<T>(*value)) return *std::move(converted);
  return wrong(file, key, std::string("wanted ") + kWanted<T> + ", found " + describe(*value));
}

}  // namespace

const Value* find(const File& file, std::string_view key) {
  const auto at = std::ranges::lower_bound(file.keys_by_name, key, {}, [&](std::uint32_t i) {
    return std::string_view(file.metadata[i].key);
  });
  if (at == file.keys_by_name.end() || file.metadata[*at].key != key) return nullptr;
  return &file.metadata[*at].value;
}

const Tensor* find_tensor(const File& file, std::string_view name) {
  const auto at = std::ranges::lower_bound(file.tensors_by_name, name, {}, [&](std::uint32_t i) {
    return std::string_view(file.tensors[i].name);
  });
  if (at == file.tensors_by_name.end() || file.tensors[*at].name != name) return nullptr;
  return &file.tensors[*at];
}

template <typename T>
Expected<T> get(const File& file, std::string_view key) {
  return get_value<T>(file, key);
}

template <typename T>
Expected<std::vector<T>> get_array(const File& file, std::string_view key,
                                   std::uint64_t max_items) {
  MR_TRY(const auto array, get_value<Array>(file, key));
  if (array.n > max_items) {
    return wrong(
        file, key,
        "wanted at most " + std::to_string(max_items) + " items, found " + std::to_string(array.n));
  }
  std::vector<T> items;
  items.reserve(static_cast<std::size_t>(array.n));
  io::Cursor cursor{array.raw};
  for (std::uint64_t i = 0; i < array.n; ++i) {
    const auto value = read_value(cursor, array.item, 1);
    if (!value) return wrong(file, key, value.error().message);
    auto item = convert<T>(*value);
    if (!item) {
      return wrong(
          file, key,
          "item " + std::to_string(i) + ": wanted " + kWanted<T> + ", found " + describe(*value));
    }
    items.push_back(*std::move(item));
  }
  return items;
}

template <typename T>
Expected<std::vector<T>> get_each(const File& file, std::string_view key, std::uint32_t n) {
  const Value* value = find(file, key);
  if (value == nullptr || value->type != ValueType::array) {
    return get_value<T>(file, key).map([n](const T& item) { return std::vector<T>(n, item); });
  }
  MR_TRY(auto items, get_array<T>(file, key));
  if (items.size() == n) return items;
  return wrong(
      file, key,
      "wanted one value or " + std::to_string(n) + ", found " + std::to_string(items.size()));
}

Expected<std::vector<Value>> items(const Array& array, std::uint64_t max_items) {
  std::vector<Value> read;
  io::Cursor cursor{array.raw};
  for (std::uint64_t i = 0; i < std::min(array.n, max_items); ++i) {
    MR_TRY(const auto value, read_value(cursor, array.item, 1));
    read.push_back(value);
  }
  return read;
}

#define MR_GGUF_GETTERS(T)                                                                      \
  template Expected<T> get<T>(const File&, std::string_view);                                   \
  template Expected<std::vector<T>> get_array<T>(const File&, std::string_view, std::uint64_t); \
  template Expected<std::vector<T>> get_each<T>(const File&, std::string_view, std::uint32_t);
MR_GGUF_GETTERS(bool)
MR_GGUF_GETTERS(std::uint32_t)
MR_GGUF_GETTERS(std::int32_t)
MR_GGUF_GETTERS(std::uint64_t)
MR_GGUF_GETTERS(std::int64_t)
MR_GGUF_GETTERS(float)
MR_GGUF_GETTERS(double)
MR_GGUF_GETTERS(std::string_view)
MR_GGUF_GETTERS(std::string)
#undef MR_GGUF_GETTERS

}  // namespace mr::gguf
