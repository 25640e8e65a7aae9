#pragma once
#include "api/tool_format.h"

/// Finds calls of tools in an answer that comes in pieces.
namespace mr::api {

struct ToolStream {
  ToolFormat format = ToolFormat::hermes;
  std::string held = {};    ///< what may become a mark, or the body of a call so far
  bool inside = false;      ///< between marks
  bool begun = false;       ///< more than white space has come
  bool after_call = false;  ///< only white space has come since a call
  bool thinking = false;    ///< harmony: in the channel `analysis`
  bool shown = false;       ///< harmony: in a channel that is text
  int n_calls = 0;
};

/// What is no call, and the calls that are complete.
struct ToolDelta {
  std::string text = {};
  std::string reasoning = {};  ///< harmony's
  std::vector<ToolCall> calls = {};
};

/// A call that is none (no JSON, no name) stays text as it was.
ToolDelta push(ToolStream& stream, std::string_view piece);

/// What is left at the end; a call that lacks only its mark counts.
ToolDelta finish(ToolStream& stream);

}  // namespace mr::api
