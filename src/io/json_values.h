#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

namespace mr::json {

/// Makes values of what Boost's parser meets, as its own handler does, but reads floats exactly:
/// those of Boost 1.81 are one unit in the last place off for two in five of 17 digits.
struct ExactValues {
  static constexpr std::size_t max_object_size = boost::json::object::max_size();
  static constexpr std::size_t max_array_size = boost::json::array::max_size();
  static constexpr std::size_t max_key_size = boost::json::string::max_size();
  static constexpr std::size_t max_string_size = boost::json::string::max_size();
  using Text = boost::json::string_view;
  using Code = boost::json::error_code;

  boost::json::value_stack stack;
  std::string number = {};  ///< the part of a number that came before the rest of it

  explicit ExactValues(boost::json::storage_ptr scratch) : stack(std::move(scratch)) {}

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
  bool on_object_end(std::size_t n, Code&) { return stack.push_object(n), true; }
  bool on_array_end(std::size_t n, Code&) { return stack.push_array(n), true; }
  bool on_key_part(Text text, std::size_t, Code&) { return stack.push_chars(text), true; }
  bool on_key(Text text, std::size_t, Code&) { return stack.push_key(text), true; }
  bool on_string_part(Text text, std::size_t, Code&) { return stack.push_chars(text), true; }
  bool on_string(Text text, std::size_t, Code&) { return stack.push_string(text), true; }
  bool on_bool(bool flag, Code&) { return stack.push_bool(flag), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  bool on_number_part(Text text, Code&) { return number.append(text.data(), text.size()), true; }
  bool on_int64(std::int64_t value, Text, Code&) {
    number.clear();
    return stack.push_int64(value), true;
  }
  bool on_uint64(std::uint64_t value, Text, Code&) {
    number.clear();
    return stack.push_uint64(value), true;
  }
  bool on_double(double value, Text rest, Code&) {
    number.append(rest.data(), rest.size());
    double exact = value;  // which stays where the number is out of range
    std::from_chars(number.data(), number.data() + number.size(), exact);
    number.clear();
    return stack.push_double(exact), true;
  }
};

}  // namespace mr::json
