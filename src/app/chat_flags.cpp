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
  chat->add_option("-n,--n-predict,--predict,--max-tokens", args->n_new,
                   "Tokens of an answer; -1: until model or context ends")
      ->check(integers(-1, 1 << 28));
  chat->add_option("-c,--ctx-size,--max-model-len", args->n_context,
                   "Context (default: the model's, as memory allows)")
      ->check(integers(0, std::numeric_limits<std::int32_t>::max()));
  add_kv_type(*chat, args->kv_type);
  add_speculation(*chat, args->spec);
  add_step_rows(*chat, args->n_step_rows);
  add_prompt_flags(*chat, args->form);
  add_answer_flags(*chat, args->answer);
  add_sample_flags(*chat, args->sample);
  chat->add_flag("--deterministic", args->deterministic, "Same text whatever was cached before")
      ->group(kEngineGroup);
  chat->add_flag("-v,--verbose", args->verbose, "Figures after each answer");
  add_given_flags(*chat);
  chat->footer(
      "millrace chat -m model.gguf\n"
      "millrace chat --system \"Answer in one sentence.\" --think off\n"
      "printf 'Hello\\nAnd again\\n' | millrace chat");
  chat->callback([args, &exit_code] { exit_code = run_chat(*args); });
}

}  // namespace mr::app
