#include "app/answer_flags.h"

#include <CLI/CLI.hpp>
#include <limits>

#include "app/choice.h"
#include "app/numbers.h"

namespace mr::app {

void add_reasoning_format(CLI::App& command, api::ReasoningFormat& format) {
  using Format = api::ReasoningFormat;
  add_choice<Format>(
      command, "--reasoning-format", format,
      {{"auto", Format::automatic}, {"deepseek", Format::deepseek}, {"none", Format::none}},
      "Thoughts apart, apart as reasoning_content in JSON, or in the text")
      ->group("Answer");
}

void add_answer_flags(CLI::App& command, AnswerArgs& args) {
  add_reasoning_format(command, args.reasoning);
  constexpr const char* kGroup = "Answer";
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  add_choice<std::optional<bool>>(command, "--think", args.think, {{"on", true}, {"off", false}},
                                  "Think first, or not (default: as its template does)");
  command
      .add_option("--reasoning-budget,--thinking-token-budget", args.budget.n_tokens,
                  "Tokens of thought at most; -1: any number")
      ->group(kGroup)
      ->check(integers(-1, kMost))
      ->capture_default_str();
  command
      .add_option("--reasoning-budget-message", args.budget.message,
                  "What the model then says (default: that the time to think is over)")
      ->group(kGroup);
  command
      .add_option("--reasoning-budget-grace", args.budget.grace,
                  "Tokens that it then has to end the thought by itself")
      ->group(kGroup)
      ->check(integers(0, kMost))
      ->capture_default_str();
  command.add_option("--stop,-r,--reverse-prompt", args.stop, "A text that ends the answer")
      ->group(kGroup)
      ->allow_extra_args(false);
  command
      .add_flag("--include-stop,--include-stop-str-in-output", args.include_stop,
                "That text is part of the answer")
      ->group(kGroup);
  command.add_option("--stop-token-ids", args.stop_tokens, "Tokens that end the answer, by id")
      ->group(kGroup)
      ->allow_extra_args(false)
      ->delimiter(',')
      ->check(integers(0, kMost));
}

std::optional<bool> thinks(const AnswerArgs& args) {
  if (!args.think && args.budget.n_tokens == 0) return false;
  return args.think;
}

}  // namespace mr::app
