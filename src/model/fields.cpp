#include "model/fields.h"

#include <boost/json.hpp>
#include <cmath>

#include "base/quote.h"

namespace mr::model {
namespace {

namespace bj = boost::json;

/// The value in config.json, null where it is absent or null itself.
const bj::value* json_value(const Fields& fields, const char* key) {
  const bj::value* value = key != nullptr ? fields.json->if_contains(key) : nullptr;
  return value != nullptr && !value->is_null() ? value : nullptr;
}

tl::unexpected<Error> wrong(const Fields& fields, Key key, const std::string& wanted,
                            const std::string& found) {
  return fail(Fault::bad_model, name_of(fields, key) + ": wanted " + wanted + ", found " + found);
}

Expected<std::int32_t> in_range(const Fields& fields, Key key, std::uint32_t value, Range range) {
  if (value >= static_cast<std::uint32_t>(range.low) &&
      value <= static_cast<std::uint32_t>(range.high)) {
    return static_cast<std::int32_t>(value);
  }
  return wrong(fields, key, std::to_string(range.low) + " to " + std::to_string(range.high),
               std::to_string(value));
}

Expected<float> positive_value(const Fields& fields, Key key, double value) {
  const auto number = static_cast<float>(value);
  if (std::isfinite(number) && number > 0) return number;
  return wrong(fields, key, "a positive number", std::to_string(value));
}

}  // namespace

Expected<Fields> fields_of(const Source& source) {
  if (source.gguf != nullptr) {
    MR_TRY(const auto name, gguf::get<std::string>(*source.gguf, "general.architecture"));
    return Fields{source.gguf, nullptr, name + "."};
  }
  MR_TRY(const TextConfig text, text_config(*source.checkpoint));
  return Fields{nullptr, text.object, text.prefix};
}

bool has(const Fields& fields, Key key) {
  if (fields.gguf == nullptr) return json_value(fields, key.json) != nullptr;
  return key.gguf != nullptr && gguf::find(*fields.gguf, fields.prefix + key.gguf) != nullptr;
}

bool is_null(const Fields& fields, Key key) {
  if (fields.json == nullptr || key.json == nullptr) return false;
  const bj::value* value = fields.json->if_contains(key.json);
  return value != nullptr && value->is_null();
}

std::string name_of(const Fields& fields, Key key) {
  const char* name = fields.json != nullptr ? key.json : key.gguf;
  return fields.prefix + (name != nullptr ? name : "");
}

template <typename T>
Expected<std::optional<T>> find(const Fields& fields, Key key) {
  if (!has(fields, key)) return std::optional<T>();
  if (fields.gguf != nullptr) {
    return gguf::get_optional<T>(*fields.gguf, fields.prefix + key.gguf);
  }
  auto found = json::get_optional<T>(*fields.json, key.json);
  if (found) return found;
  const std::string& message = found.error().message;  // "field 'key': wanted ..."
  return fail(Fault::bad_model, name_of(fields, key) + message.substr(message.find(": ")));
}

template Expected<std::optional<std::uint32_t>> find(const Fields&, Key);
template Expected<std::optional<double>> find(const Fields&, Key);
template Expected<std::optional<bool>> find(const Fields&, Key);
template Expected<std::optional<std::string>> find(const Fields&, Key);

Expected<std::int32_t> count(const Fields& fields, Key key, Range range,
                             std::optional<std::int32_t> fallback) {
  MR_TRY(const auto value, find<std::uint32_t>(fields, key));
  if (value) return in_range(fields, key, *value, range);
  if (fallback) return *fallback;
  return wrong(fields, key, "an integer", "no such key");
}

Expected<std::int32_t> same_in_layers(const Fields& fields, Key key, Range range,
                                      std::int32_t n_layers, std::optional<std::int32_t> fallback) {
  if (fields.gguf == nullptr || !has(fields, key)) return count(fields, key, range, fallback);
  MR_TRY(const auto each, gguf::get_each<std::uint32_t>(*fields.gguf, fields.prefix + key.gguf,
                                                        static_cast<std::uint32_t>(n_layers)));
  for (const std::uint32_t value : each) {
    if (value != each[0]) {
      return wrong(fields, key, "the same in every layer",
                   std::to_string(each[0]) + " and " + std::to_string(value));
    }
  }
  return in_range(fields, key, each[0], range);
}

Expected<float> positive(const Fields& fields, Key key, std::optional<float> fallback) {
  MR_TRY(const auto value, find<double>(fields, key));
  if (value) return positive_value(fields, key, *value);
  if (fallback) return *fallback;
  return wrong(fields, key, "a positive number", "no such key");
}

Expected<std::vector<float>> positives(const Fields& fields, const char* key, std::size_t n) {
  const Key name{key, key};
  const std::string wanted = std::to_string(n) + " numbers";
  const bj::value* value = json_value(fields, key);
  if (value == nullptr || !value->is_array()) {
    return wrong(fields, name, wanted, value == nullptr ? "no such key" : "no list");
  }
  const bj::array& items = value->get_array();
  if (items.size() != n) return wrong(fields, name, wanted, std::to_string(items.size()));
  std::vector<float> numbers;
  for (const bj::value& item : items) {
    if (!item.is_number()) return wrong(fields, name, wanted, "something else in the list");
    MR_TRY(const float number, positive_value(fields, name, item.to_number<double>()));
    numbers.push_back(number);
  }
  return numbers;
}

Expected<std::vector<std::int32_t>> counts(const Fields& fields, const char* key, Range range) {
  std::vector<std::int32_t> found;
  if (fields.json == nullptr) return found;
  const bj::value* value = json_value(fields, key);
  if (value == nullptr) return found;
  const Key name{nullptr, key};
  if (!value->is_array()) return wrong(fields, name, "a list of integers", "no list");
  for (const bj::value& item : value->get_array()) {
    const bool fits =
        item.is_int64() && item.get_int64() >= range.low && item.get_int64() <= range.high;
    if (!fits) {
      return wrong(
          fields, name,
          "integers from " + std::to_string(range.low) + " to " + std::to_string(range.high),
          "something else in the list");
    }
    found.push_back(static_cast<std::int32_t>(item.get_int64()));
  }
  return found;
}

Expected<std::vector<std::string>> texts(const Fields& fields, const char* key) {
  std::vector<std::string> found;
  if (fields.json == nullptr) return found;
  const bj::value* value = json_value(fields, key);
  if (value == nullptr) return found;
  const Key name{nullptr, key};
  if (!value->is_array()) return wrong(fields, name, "a list of strings", "no list");
  for (const bj::value& item : value->get_array()) {
    if (!item.is_string()) return wrong(fields, name, "a list of strings", "something else in it");
    found.emplace_back(item.get_string());
  }
  return found;
}

Expected<std::optional<Fields>> part(const Fields& fields, const char* key) {
  if (fields.json == nullptr) return std::optional<Fields>();
  auto object = json::get_optional<const bj::object*>(*fields.json, key);
  if (!object) return fail_at(fields.prefix, object.error());
  if (!*object) return std::optional<Fields>();
  return std::optional<Fields>(Fields{nullptr, **object, fields.prefix + key + "."});
}

}  // namespace mr::model
