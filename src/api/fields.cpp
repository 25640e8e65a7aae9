#include "api/fields.h"

#include <algorithm>
#include <cmath>

#include "base/quote.h"

namespace mr::api {
namespace json = boost::json;
namespace {

std::string shown(double number) {
  return json::serialize(number == std::floor(number) && std::abs(number) < 1e15
                             ? json::value(static_cast<std::int64_t>(number))
                             : json::value(number));
}

std::string found(const json::value& value) {
  if (value.is_number()) return shown(value.to_number<double>());
  if (const auto* text = value.if_string()) return quote(as_text(*text));
  return std::string(kind_of(value));
}

void complain_of(Fields& fields, std::string_view key, std::string_view wanted,
                 const json::value& value) {
  complain(fields, key, "wanted " + std::string(wanted) + ", found " + found(value));
}

std::string between(std::string_view what, Range range) {
  return std::string(what) + " from " + shown(range.least) + " to " + shown(range.most);
}

bool is_nothing(const json::value& value) {
  return value.is_null() || value == json::value(false) || value == json::value("") ||
         (value.is_array() && value.get_array().empty()) ||
         (value.is_object() && value.get_object().empty());
}

}  // namespace

void complain(Fields& fields, std::string_view key, Problem problem) {
  if (fields.problem) return;
  problem.param = fields.where + std::string(key);
  problem.message = problem.param + ": " + problem.message;
  fields.problem = std::move(problem);
}

void complain(Fields& fields, std::string_view key, std::string_view what) {
  complain(fields, key, Problem{.message = std::string(what)});
}

void join(Fields& fields, std::optional<Problem> problem) {
  if (!fields.problem) fields.problem = std::move(problem);
}

const json::value* get(Fields& fields, std::string_view key) {
  fields.seen.push_back(key);
  const json::value* value = fields.object.if_contains(key);
  return value == nullptr || value->is_null() || fields.problem ? nullptr : value;
}

std::optional<bool> get_flag(Fields& fields, std::string_view key) {
  const json::value* value = get(fields, key);
  if (value == nullptr) return {};
  if (value->is_bool()) return value->get_bool();
  complain_of(fields, key, "true or false", *value);
  return {};
}

std::optional<double> get_number(Fields& fields, std::string_view key, Range range) {
  const json::value* value = get(fields, key);
  if (value == nullptr) return {};
  if (value->is_number()) {
    const auto number = value->to_number<double>();
    if (number >= range.least && number <= range.most) return number;
  }
  complain_of(fields, key, between("a number", range), *value);
  return {};
}

std::optional<std::int64_t> get_integer(Fields& fields, std::string_view key, Range range) {
  const json::value* value = get(fields, key);
  if (value == nullptr) return {};
  if (value->is_number()) {
    const auto number = value->to_number<double>();
    // Beyond 2^53 not every integer is a double: those are taken from the JSON as they are.
    if (value->is_int64() && number >= range.least && number <= range.most) {
      return value->get_int64();
    }
    const bool whole = value->is_double() && number == std::floor(number);
    if (whole && std::abs(number) < 9e15 && number >= range.least && number <= range.most) {
      return static_cast<std::int64_t>(number);
    }
  }
  complain_of(fields, key, between("an integer", range), *value);
  return {};
}

std::optional<std::string_view> get_text(Fields& fields, std::string_view key,
                                         std::size_t max_bytes) {
  const json::value* value = get(fields, key);
  if (value == nullptr) return {};
  const auto* text = value->if_string();
  if (text == nullptr) {
    complain_of(fields, key, "a string", *value);
  } else if (text->size() > max_bytes) {
    complain(fields, key,
             "wanted at most " + std::to_string(max_bytes) + " bytes, found " +
                 std::to_string(text->size()));
  } else {
    return as_text(*text);
  }
  return {};
}

const json::array* get_list(Fields& fields, std::string_view key, std::size_t max_items) {
  const json::value* value = get(fields, key);
  if (value == nullptr) return nullptr;
  const auto* list = value->if_array();
  if (list == nullptr) {
    complain_of(fields, key, "a list", *value);
  } else if (list->size() > max_items) {
    complain(fields, key,
             "wanted at most " + std::to_string(max_items) + " items, found " +
                 std::to_string(list->size()));
  } else {
    return list;
  }
  return nullptr;
}

const json::object* get_object(Fields& fields, std::string_view key) {
  const json::value* value = get(fields, key);
  if (value == nullptr) return nullptr;
  if (const auto* object = value->if_object()) return object;
  complain_of(fields, key, "an object", *value);
  return nullptr;
}

std::vector<std::int32_t> get_tokens(Fields& fields, std::string_view key, std::size_t max_items,
                                     std::int32_t n_vocab) {
  std::vector<std::int32_t> tokens;
  const json::array* list = get_list(fields, key, max_items);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const std::int64_t* id = (*list)[i].if_int64();
    if (id == nullptr || *id < 0 || *id >= n_vocab) {
      complain_of(fields, std::string(key) + "[" + std::to_string(i) + "]",
                  "a token id below " + std::to_string(n_vocab), (*list)[i]);
      return {};
    }
    tokens.push_back(static_cast<std::int32_t>(*id));
  }
  return tokens;
}

std::vector<std::string> get_texts(Fields& fields, std::string_view key, std::size_t max_items,
                                   std::size_t max_bytes) {
  const json::value* value = get(fields, key);
  if (value == nullptr) return {};
  std::vector<std::string> texts;
  const auto add = [&](const json::value& item) {
    const auto* text = item.if_string();
    if (text == nullptr) {
      complain_of(fields, key, "a string or a list of strings", item);
    } else if (text->size() > max_bytes) {
      complain(fields, key,
               "wanted strings of at most " + std::to_string(max_bytes) + " bytes, found one of " +
                   std::to_string(text->size()));
    } else {
      texts.emplace_back(as_text(*text));
    }
  };
  if (!value->is_array()) {
    add(*value);
    return texts;
  }
  const json::array* list = get_list(fields, key, max_items);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) add((*list)[i]);
  return texts;
}

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      break;
  }
  return "a number";
}

void refuse_unsupported(Fields& fields, std::string_view key, const json::value& neutral) {
  const json::value* value = get(fields, key);
  if (value == nullptr || is_nothing(*value) || *value == neutral) return;
  complain(fields, key, {.status = 501, .message = "not supported", .code = "unsupported_field"});
}

std::vector<std::string_view> unread(const Fields& fields) {
  std::vector<std::string_view> names;
  for (const auto& field : fields.object) {
    const std::string_view name(field.key().data(), field.key().size());
    if (std::ranges::find(fields.seen, name) == fields.seen.end()) names.push_back(name);
  }
  return names;
}

}  // namespace mr::api
