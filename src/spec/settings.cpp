#include "spec/settings.h"

#include <algorithm>
#include <charconv>

#include "base/quote.h"

namespace mr::spec {
namespace {

std::string names() {
  std::string all = "off, auto";
  for (const Method& method : methods()) all += ", " + std::string(method.name);
  return all;
}

/// The text up to `mark`, which is taken off `rest` with it.
std::string_view take(std::string_view& rest, char mark) {
  const std::size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view head = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return head;
}

Expected<void> set(Shape& shape, std::string_view item) {
  std::string_view value = item;
  const std::string_view key = take(value, '=');
  std::int32_t* field = key == "depth"   ? &shape.depth
                        : key == "width" ? &shape.width
                        : key == "nodes" ? &shape.nodes
                                         : nullptr;
  constexpr std::int32_t kMost = 64;  // as deep as kMaxDepth, and as many as a step takes of one
  if (field == nullptr) {
    return fail(Fault::bad_request,
                "speculation: wanted depth=, width= or nodes=, found " + quote(item));
  }
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), *field);
  if (fault != std::errc() || end != value.data() + value.size() || *field < 1 || *field > kMost) {
    return fail(Fault::bad_request, "speculation: " + std::string(key) + ": wanted 1 to " +
                                        std::to_string(kMost) + ", found " + quote(value));
  }
  return {};
}

}  // namespace

Expected<Settings> parse_settings(std::string_view text) {
  Settings settings;
  if (text == "off") return settings;
  for (bool more = true; more;) {
    more = text.find('+') != std::string_view::npos;
    std::string_view one = take(text, '+');
    const std::string_view name = take(one, ':');
    if (name == "auto" && one.empty()) {
      settings.weighed = true;
      for (const Method& method : {lookup(), suffix(), tree()}) {
        settings.choices.push_back({.method = find_method(method.name), .shape = method.shape});
      }
      continue;
    }
    const Method* method = find_method(name);
    if (method == nullptr) {
      return fail(Fault::bad_request,
                  "speculation: wanted one of " + names() + ", found " + quote(name));
    }
    Choice choice{.method = method, .shape = method->shape};
    while (!one.empty()) {
      MR_TRY_VOID(set(choice.shape, take(one, ',')));
    }
    settings.choices.push_back(choice);
  }
  return settings;
}

}  // namespace mr::spec
