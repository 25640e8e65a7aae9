#pragma once
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "api/tool_format.h"
#include "base/error.h"
#include "text/grammar/network.h"

namespace mr::api {

enum class ToolChoice : std::uint8_t {
  none,
  free,      ///< the model decides
  required,  ///< at least one call
};

struct Tool {
  std::string name;
  boost::json::value schema;  ///< of the arguments
  bool strict = false;        ///< the schema must be enforced, whatever the choice
  std::string where;          ///< in the request, for messages
};

/// What an answer of a model with tools may be.
struct ToolRules {
  ToolFormat format = ToolFormat::hermes;
  ToolChoice choice = ToolChoice::none;
  bool parallel = true;  ///< more than one call
  std::vector<Tool> tools = {};
  bool with_fence = false;  ///< DeepSeek's V3: arguments stand in a fence of Markdown
};

/// The texts that are calls of these tools in the form of the model; where the choice is free,
/// also text in which none begins, or `plain` where an answer without calls must match it.
/// The arguments match the schemas of their tools. A tool that may be called freely and is not
/// strict is held to any object where its schema cannot be enforced.
/// Errors: bad_request, with the place in the request.
Expected<text::grammar::RuleId> add_tools(text::grammar::Network& net, const ToolRules& rules,
                                          text::grammar::RuleId plain,
                                          const text::Tokenizer& tokenizer);

}  // namespace mr::api
