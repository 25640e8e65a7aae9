#include <CLI/CLI.hpp>
#include <limits>
#include <memory>

#include "app/commands.h"
#include "app/model_flags.h"
#include "app/numbers.h"
#include "app/plan_command.h"

namespace mr::app {

void add_plan(CLI::App& app, int& exit_code) {
  CLI::App* plan = app.add_subcommand("plan", "Memory and speed of a model, before it runs");
  const auto args = std::make_shared<PlanArgs>();
  plan->add_option("model,-m,--model", args->load.model,
                   "GGUF, folder or org/name[:quant] (default: models/)")
      ->type_name("MODEL");
  add_threads(*plan, args->load);
  plan->add_option("-c,--ctx-size,--ctx,--max-model-len", args->n_context,
                   "Context (default: the model's, as memory allows)")
      ->check(integers(0, std::numeric_limits<std::int32_t>::max()));
  plan->add_option("--parallel,--np,--max-num-seqs", args->n_parallel,
                   "Requests of that length at once (default: 1)")
      ->check(integers(1, 1 << 16));
  add_kv_type(*plan, args->kv_type);
  add_speculation(*plan, args->spec);
  plan->add_flag("--json", args->json, "One JSON object");
  plan->footer(
      "millrace plan model.gguf -c 32768 --parallel 4\n"
      "millrace plan model.gguf --model-draft small.gguf\n"
      "millrace plan org/name --json");
  plan->callback([args, &exit_code] { exit_code = run_plan(*args); });
}

}  // namespace mr::app
