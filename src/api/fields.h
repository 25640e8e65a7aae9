#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.h"

namespace mr::api {

/// Reads the fields of a JSON object that a client sent. The first thing that is wrong is kept,
/// and from then on fields read as if they were absent: one look at `problem` at the end is enough.
struct Fields {
  const boost::json::object& object;
  std::string where = {};  ///< before the names of fields in messages, such as "messages[2]."
  std::optional<Problem> problem = {};
  std::vector<std::string_view> seen = {};
};

struct Range {
  double least;
  double most;
};

/// Keeps a problem with a field, if it is the first.
void complain(Fields& fields, std::string_view key, std::string_view what);
void complain(Fields& fields, std::string_view key, Problem problem);

/// Takes over what was wrong in a part.
void join(Fields& fields, std::optional<Problem> problem);

/// A field by its name, or null where it is absent or null.
const boost::json::value* get(Fields& fields, std::string_view key);

std::optional<bool> get_flag(Fields& fields, std::string_view key);
std::optional<double> get_number(Fields& fields, std::string_view key, Range range);
std::optional<std::int64_t> get_integer(Fields& fields, std::string_view key, Range range);
std::optional<std::string_view> get_text(Fields& fields, std::string_view key,
                                         std::size_t max_bytes = std::size_t{16} << 20);
const boost::json::array* get_list(Fields& fields, std::string_view key, std::size_t max_items);
const boost::json::object* get_object(Fields& fields, std::string_view key);

/// A list of token ids below n_vocab.
std::vector<std::int32_t> get_tokens(Fields& fields, std::string_view key, std::size_t max_items,
                                     std::int32_t n_vocab);

/// A string or a list of strings.
std::vector<std::string> get_texts(Fields& fields, std::string_view key, std::size_t max_items,
                                   std::size_t max_bytes);

/// What a value is, for messages: "a number".
std::string_view kind_of(const boost::json::value& value);

/// A field that would change the answer and is not supported: refused unless it is absent, null,
/// false, empty or, where one is given, equal to `neutral`.
void refuse_unsupported(Fields& fields, std::string_view key,
                        const boost::json::value& neutral = nullptr);

/// The names of the fields that were not read.
std::vector<std::string_view> unread(const Fields& fields);

inline std::string_view as_text(const boost::json::string& text) {
  return {text.data(), text.size()};
}

}  // namespace mr::api
