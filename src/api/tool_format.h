#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

/// How models write calls of tools.
namespace mr::api {

enum class ToolFormat : std::uint8_t {
  hermes,    ///< <tool_call>{"name": ..., "arguments": {...}}</tool_call>: Hermes, Qwen
  llama3,    ///< {"name": ..., "parameters": {...}} as the whole answer
  mistral,   ///< [TOOL_CALLS][{"name": ..., "arguments": {...}}], or [TOOL_CALLS]name[ARGS]{...}
  deepseek,  ///< NAME and arguments between marks of their own
  harmony,   ///< gpt-oss: a channel to a function
};

/// A call that a model made.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  ///< JSON of an object
};

/// The format of a model, by what its template and its vocabulary hold.
ToolFormat tool_format_of(std::string_view chat_template, const text::Tokenizer& tokenizer);

/// By a name, those of vLLM's parsers among them.
std::optional<ToolFormat> tool_format_named(std::string_view name);

/// The names, for messages.
inline constexpr std::string_view kToolFormats =
    "hermes, llama3_json, mistral, deepseek_v3, openai";

/// The marks that calls of a format are written with.
std::vector<std::string_view> marks_of(ToolFormat format);

/// Whether some of the marks are control tokens, which are no text unless asked for.
bool has_control_marks(ToolFormat format, const text::Tokenizer& tokenizer);

/// The calls in what stands between the marks; none where it is no call.
std::vector<ToolCall> calls_in(ToolFormat format, std::string_view body);

namespace marks {
inline constexpr std::string_view kHermesOpen = "<tool_call>";
inline constexpr std::string_view kHermesClose = "</tool_call>";
inline constexpr std::string_view kPython = "<|python_tag|>";
inline constexpr std::string_view kMistral = "[TOOL_CALLS]";
inline constexpr std::string_view kMistralArguments = "[ARGS]";
inline constexpr std::string_view kDeepseekOpen = "<｜tool▁calls▁begin｜>";
inline constexpr std::string_view kDeepseekClose = "<｜tool▁calls▁end｜>";
inline constexpr std::string_view kDeepseekCall = "<｜tool▁call▁begin｜>";
inline constexpr std::string_view kDeepseekCallEnd = "<｜tool▁call▁end｜>";
inline constexpr std::string_view kDeepseekName = "<｜tool▁sep｜>";
inline constexpr std::string_view kChannel = "<|channel|>";
inline constexpr std::string_view kMessage = "<|message|>";
inline constexpr std::string_view kStart = "<|start|>";
inline constexpr std::string_view kEnd = "<|end|>";
inline constexpr std::string_view kCall = "<|call|>";
inline constexpr std::string_view kReturn = "<|return|>";
inline constexpr std::string_view kConstrain = "<|constrain|>";
}  // namespace marks

}  // namespace mr::api
