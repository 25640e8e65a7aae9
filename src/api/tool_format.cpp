#include "api/tool_format.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "api/random_id.h"
#include "io/json.h"
#include "text/grammar/vocabulary.h"

namespace mr::api {
namespace json = boost::json;
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view stripped(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

/// A call from its name and the JSON of its arguments.
std::optional<ToolCall> call_of(std::string_view name, std::string_view arguments) {
  const auto document = mr::json::parse(stripped(arguments));
  if (name.empty() || !document || !document->root.is_object()) return {};
  return ToolCall{.id = random_id("call_"),
                  .name = std::string(name),
                  .arguments = json::serialize(document->root)};
}

/// A call from an object with its name and arguments.
std::optional<ToolCall> call_of(const json::value& value) {
  const json::object* call = value.if_object();
  const json::value* name = call != nullptr ? call->if_contains("name") : nullptr;
  if (name == nullptr || !name->is_string() || name->get_string().empty()) return {};
  const json::value* arguments = call->if_contains("arguments");
  if (arguments == nullptr) arguments = call->if_contains("parameters");
  if (arguments != nullptr && !arguments->is_object()) return {};
  return ToolCall{.id = random_id("call_"),
                  .name = std::string(name->get_string().data(), name->get_string().size()),
                  .arguments = arguments == nullptr ? "{}" : json::serialize(*arguments)};
}

std::vector<ToolCall> one_call(std::optional<ToolCall> call) {
  std::vector<ToolCall> calls;
  if (call) calls.push_back(std::move(*call));
  return calls;
}

/// An object or a list of them.
std::vector<ToolCall> calls_of_json(std::string_view text) {
  const auto document = mr::json::parse(text);
  if (!document) return {};
  if (!document->root.is_array()) return one_call(call_of(document->root));
  std::vector<ToolCall> calls;
  for (const json::value& one : document->root.get_array()) {
    auto call = call_of(one);
    if (!call) return {};
    calls.push_back(std::move(*call));
  }
  return calls;
}

/// Objects with semicolons between them.
std::vector<ToolCall> calls_of_llama(std::string_view body) {
  std::vector<ToolCall> calls;
  for (std::size_t end = 0; end != std::string_view::npos; body.remove_prefix(end + 1)) {
    // A semicolon may stand in a string: the first behind which the text before is JSON counts.
    std::vector<ToolCall> own;
    for (end = body.find(';'); own.empty(); end = body.find(';', end + 1)) {
      own = calls_of_json(stripped(body.substr(0, end)));
      if (end == std::string_view::npos || !own.empty()) break;
    }
    if (own.empty()) return {};
    calls.insert(calls.end(), own.begin(), own.end());
    if (end == std::string_view::npos) break;
  }
  return calls;
}

std::vector<ToolCall> calls_of_mistral(std::string_view body) {
  const std::size_t brace = body.find('{');
  if (body.starts_with('[') && !body.starts_with(marks::kMistralArguments)) {
    return calls_of_json(body);
  }
  if (brace == std::string_view::npos) return {};
  std::string_view name = body.substr(0, brace);
  const std::size_t mark = name.find(marks::kMistralArguments);
  return one_call(call_of(stripped(name.substr(0, mark)), body.substr(brace)));
}

std::vector<ToolCall> calls_of_deepseek(std::string_view body) {
  std::vector<ToolCall> calls;
  while (!(body = stripped(body)).empty()) {
    const std::size_t end = body.find(marks::kDeepseekCallEnd);
    std::string_view one = body.substr(0, end);
    if (!one.starts_with(marks::kDeepseekCall)) return {};
    one.remove_prefix(marks::kDeepseekCall.size());
    const std::size_t name = one.find(marks::kDeepseekName);
    if (name == std::string_view::npos) return {};
    std::string_view rest = one.substr(name + marks::kDeepseekName.size());
    std::string_view called = one.substr(0, name);
    constexpr std::string_view kFence = "\n```json\n";
    if (const std::size_t fence = rest.find(kFence); fence != std::string_view::npos) {
      called = rest.substr(0, fence);  // V3 and R1: the kind of tool stood before
      rest = rest.substr(fence + kFence.size());
      rest = rest.substr(0, rest.rfind("\n```"));
    }
    auto call = call_of(stripped(called), rest);
    if (!call) return {};
    calls.push_back(std::move(*call));
    if (end == std::string_view::npos) break;
    body.remove_prefix(end + marks::kDeepseekCallEnd.size());
  }
  return calls;
}

/// The header of a channel to a function, a message mark, and its arguments.
std::vector<ToolCall> calls_of_harmony(std::string_view body) {
  constexpr std::string_view kTo = "to=functions.";
  const std::size_t message = body.find(marks::kMessage);
  const std::size_t to = body.find(kTo);
  if (message == std::string_view::npos || to == std::string_view::npos || to > message) return {};
  std::string_view name = body.substr(to + kTo.size(), message - to - kTo.size());
  name = name.substr(0, name.find_first_of(" <\t\n"));
  return one_call(call_of(name, body.substr(message + marks::kMessage.size())));
}

}  // namespace

ToolFormat tool_format_of(std::string_view source, const text::Tokenizer& tok) {
  const auto in_source = [&](std::string_view mark) {
    return source.find(mark) != std::string_view::npos;
  };
  const auto is_token = [&](std::string_view mark) {
    return text::grammar::control_token(tok, mark) >= 0;
  };
  if (is_token(marks::kChannel) && is_token(marks::kMessage)) return ToolFormat::harmony;
  if (in_source(marks::kDeepseekOpen)) return ToolFormat::deepseek;
  if (in_source(marks::kMistral)) return ToolFormat::mistral;
  if (in_source(marks::kHermesOpen)) return ToolFormat::hermes;
  if (in_source(marks::kPython) || is_token(marks::kPython)) return ToolFormat::llama3;
  if (is_token(marks::kMistral)) return ToolFormat::mistral;
  return ToolFormat::hermes;
}

std::optional<ToolFormat> tool_format_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, ToolFormat>, 9> kNames{
      {{"hermes", ToolFormat::hermes},
       {"llama3_json", ToolFormat::llama3},
       {"llama3", ToolFormat::llama3},
       {"mistral", ToolFormat::mistral},
       {"deepseek_v3", ToolFormat::deepseek},
       {"deepseek_v31", ToolFormat::deepseek},
       {"deepseek", ToolFormat::deepseek},
       {"openai", ToolFormat::harmony},
       {"harmony", ToolFormat::harmony}}};
  for (const auto& [own, format] : kNames) {
    if (own == name) return format;
  }
  return {};
}

std::vector<std::string_view> marks_of(ToolFormat format) {
  switch (format) {
    case ToolFormat::hermes:
      return {marks::kHermesOpen, marks::kHermesClose};
    case ToolFormat::llama3:
      return {marks::kPython};
    case ToolFormat::mistral:
      return {marks::kMistral, marks::kMistralArguments};
    case ToolFormat::deepseek:
      return {marks::kDeepseekOpen, marks::kDeepseekClose, marks::kDeepseekCall,
              marks::kDeepseekCallEnd, marks::kDeepseekName};
    case ToolFormat::harmony:
      break;
  }
  return {marks::kChannel, marks::kMessage, marks::kStart,    marks::kEnd,
          marks::kCall,    marks::kReturn,  marks::kConstrain};
}

bool has_control_marks(ToolFormat format, const text::Tokenizer& tok) {
  return std::ranges::any_of(marks_of(format), [&](std::string_view mark) {
    return text::grammar::control_token(tok, mark) >= 0;
  });
}

std::vector<ToolCall> calls_in(ToolFormat format, std::string_view body) {
  body = stripped(body);
  switch (format) {
    case ToolFormat::hermes:
      return calls_of_json(body);
    case ToolFormat::llama3:
      return calls_of_llama(body);
    case ToolFormat::mistral:
      return calls_of_mistral(body);
    case ToolFormat::deepseek:
      return calls_of_deepseek(body);
    case ToolFormat::harmony:
      break;
  }
  return calls_of_harmony(body);
}

}  // namespace mr::api
