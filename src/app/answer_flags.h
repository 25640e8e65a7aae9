#pragma once
#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/reasoning_format.h"
#include "think/budget.h"

namespace mr::app {

/// What a command was told about how an answer ends and how long it may think.
struct AnswerArgs {
  std::optional<bool> think;  ///< none: as the template has it
  think::Budget budget;
  std::vector<std::string> stop;
  bool include_stop = false;
  api::ReasoningFormat reasoning = api::ReasoningFormat::automatic;
  std::vector<std::int32_t> stop_tokens;  ///< that end the answer beside the model's own
};

/// Where thoughts go.
void add_reasoning_format(CLI::App& command, api::ReasoningFormat& format);

void add_answer_flags(CLI::App& command, AnswerArgs& args);

/// What the template is told of thinking: a budget of nothing means no as well.
std::optional<bool> thinks(const AnswerArgs& args);

}  // namespace mr::app
