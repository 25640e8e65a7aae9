#include <CLI/CLI.hpp>
#include <memory>

#include "app/batch_command.h"
#include "app/commands.h"

namespace mr::app {

void add_batch(CLI::App& app, int& exit_code) {
  CLI::App* batch = app.add_subcommand("batch", "Answer a file of requests, as OpenAI's batches");
  const auto args = std::make_shared<BatchArgs>();
  batch->add_option("in", args->files.in, "Requests, one JSON object a line")
      ->type_name("FILE")
      ->required();
  batch->add_option("out", args->files.out, "Answers; what stands there already is not asked again")
      ->type_name("FILE")
      ->required();
  add_service_flags(*batch, args->service);
  batch->footer(
      "millrace batch requests.jsonl answers.jsonl -m model.gguf\n"
      "millrace batch requests.jsonl answers.jsonl --parallel 64 -c 4096\n"
      "millrace batch requests.jsonl answers.jsonl --strict-request");
  batch->callback([args, &exit_code] { exit_code = run_batch(*args); });
}

}  // namespace mr::app
