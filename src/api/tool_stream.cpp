#include "api/tool_stream.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "api/random_id.h"
#include "io/json.h"

namespace mr::api {
namespace {

constexpr std::string_view kOpen = "<tool_call>";
constexpr std::string_view kClose = "</tool_call>";
constexpr std::string_view kSpace = " \t\r\n";

/// Bytes at the end of a text that may be the beginning of a mark.
std::size_t held_back(std::string_view text, std::string_view mark) {
  for (std::size_t n = std::min(text.size(), mark.size() - 1); n > 0; --n) {
    if (mark.starts_with(text.substr(text.size() - n))) return n;
  }
  return 0;
}

std::optional<ToolCall> parse_call(std::string_view body) {
  const auto document = mr::json::parse(body);
  if (!document || !document->root.is_object()) return {};
  const boost::json::object& call = document->root.get_object();
  const auto* name = call.if_contains("name");
  const auto* arguments = call.if_contains("arguments");
  if (name == nullptr || !name->is_string()) return {};
  if (arguments != nullptr && !arguments->is_object()) return {};
  return ToolCall{.id = random_id("call_"),
                  .name = std::string(name->get_string().data(), name->get_string().size()),
                  .arguments = arguments == nullptr ? "{}" : boost::json::serialize(*arguments)};
}

/// Text outside of calls; white space between calls is none.
void add_text(ToolStream& stream, std::string_view text, ToolDelta& delta) {
  if (stream.after_call) {
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return;
    text.remove_prefix(begin);
    stream.after_call = false;
  }
  delta.text += text;
}

void end_call(ToolStream& stream, std::string_view body, std::string_view close, ToolDelta& delta) {
  stream.inside = false;
  if (auto call = parse_call(body)) {
    delta.calls.push_back(std::move(*call));
    stream.after_call = true;
    ++stream.n_calls;
  } else {
    add_text(stream, std::string(kOpen) + std::string(body) + std::string(close), delta);
  }
}

}  // namespace

ToolDelta push(ToolStream& stream, std::string_view piece) {
  ToolDelta delta;
  std::string text = std::exchange(stream.held, {}) + std::string(piece);
  while (!text.empty()) {
    const std::string_view mark = stream.inside ? kClose : kOpen;
    const std::size_t at = text.find(mark);
    if (at == std::string::npos) {
      const std::size_t keep = stream.inside ? text.size() : held_back(text, mark);
      add_text(stream, std::string_view(text).substr(0, text.size() - keep), delta);
      stream.held = text.substr(text.size() - keep);
      break;
    }
    if (stream.inside) {
      end_call(stream, std::string_view(text).substr(0, at), kClose, delta);
    } else {
      std::string_view before = std::string_view(text).substr(0, at);
      const std::size_t last = before.find_last_not_of(kSpace);
      before = before.substr(0, last == std::string_view::npos ? 0 : last + 1);
      add_text(stream, before, delta);
      stream.inside = true;
    }
    text.erase(0, at + mark.size());
  }
  return delta;
}

ToolDelta finish(ToolStream& stream) {
  ToolDelta delta;
  const std::string rest = std::exchange(stream.held, {});
  if (stream.inside) {
    end_call(stream, rest, "", delta);
  } else {
    add_text(stream, rest, delta);
  }
  return delta;
}

}  // namespace mr::api
