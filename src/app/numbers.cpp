#include "app/numbers.h"

#include <charconv>
#include <optional>

#include "base/quote.h"

namespace mr::app {
namespace {

template <typename T>
std::optional<T> parse(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T number{};
  const auto read = std::from_chars(text.begin(), text.end(), number);
  if (read.ec != std::errc{} || read.ptr != text.end()) return std::nullopt;
  return number;
}

std::string refuse(const std::string& wanted, const std::string& found) {
  return "wanted " + wanted + ", found " + quote(found);
}

}  // namespace

std::string check_number(const std::string& type, const std::string& text) {
  if (type == "INT" && !parse<std::int64_t>(text)) return refuse("an integer", text);
  if (type == "UINT" && !parse<std::uint64_t>(text)) return refuse("an integer above -1", text);
  if (type == "FLOAT" && !parse<double>(text)) return refuse("a number", text);
  return "";
}

std::function<std::string(const std::string&)> integers(std::int64_t least, std::int64_t most) {
  return [least, most](const std::string& text) -> std::string {
    const auto number = parse<std::int64_t>(text);
    if (number && *number >= least && *number <= most) return "";
    return refuse("an integer from " + std::to_string(least) + " to " + std::to_string(most), text);
  };
}

}  // namespace mr::app
