#include <CLI/CLI.hpp>
#include <limits>
#include <memory>

#include "app/chat_command.h"
#include "app/commands.h"
#include "app/model_flags.h"
#include "app/numbers.h"

namespace mr::app {

void add_chat(CLI::App& app, int& exit_code) {
  CLI::App* chat = app.add_subcommand("chat", "Talk with a model");
  const auto args = std::make_shared<ChatArgs>();
  add_load_flags(*chat, args->load);
  chat->add_option("--system,--sys,--system-prompt", args->system, "What the model is told first");
  chat->add_option("-n,--n-predict,--max-tokens", args->n_new,
                   "Tokens of an answer at most; -1: until the model or the context ends")
      ->check(integers(-1, 1 << 28));
  chat->add_option("-c,--ctx-size,--max-model-len", args->n_context,
                   "Context in positions (default: the model's, as far as memory goes)")
      ->check(integers(0, std::numeric_limits<std::int32_t>::max()));
  add_kv_type(*chat, args->kv_type);
  add_answer_flags(*chat, args->answer);
  add_sample_flags(*chat, args->sample);
  chat->add_flag("--deterministic", args->deterministic, "Same text whatever was cached before");
  chat->add_flag("--verbose", args->verbose, "Figures after each answer");
  chat->footer(
      "millrace chat -m model.gguf\n"
      "millrace chat --system \"Answer in one sentence.\" --think off\n"
      "printf 'Hello\\nAnd again\\n' | millrace chat");
  chat->callback([args, &exit_code] { exit_code = run_chat(*args); });
}

}  // namespace mr::app
