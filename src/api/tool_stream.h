#pragma once
#include <string>
#include <string_view>
#include <vector>

/// Finds calls of tools in an answer that comes in pieces, in the form of Hermes and Qwen:
/// <tool_call>{"name": ..., "arguments": {...}}</tool_call>.
namespace mr::api {

struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  ///< JSON of an object
};

struct ToolStream {
  std::string held = {};  ///< what may become a mark, or the body of a call so far
  bool inside = false;
  bool after_call = false;  ///< only white space has come since a call
  int n_calls = 0;
};

/// What is no call, and the calls that are complete.
struct ToolDelta {
  std::string text = {};
  std::vector<ToolCall> calls = {};
};

/// A call that is none (no JSON, no name) stays text as it was.
ToolDelta push(ToolStream& stream, std::string_view piece);

/// What is left at the end; a call that lacks only its mark counts.
ToolDelta finish(ToolStream& stream);

}  // namespace mr::api
