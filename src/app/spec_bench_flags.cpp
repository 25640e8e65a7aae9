#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/model_flags.h"
#include "app/numbers.h"
#include "app/spec_bench_command.h"

namespace mr::app {

void add_spec_bench(CLI::App& app, int& exit_code) {
  CLI::App* bench = app.add_subcommand("spec-bench", "What speculation does on real prompts");
  const auto args = std::make_shared<SpecBenchArgs>();
  add_load_flags(*bench, args->load);
  bench->add_option("--methods", args->methods, "As --spec of run takes them (default: all)")
      ->delimiter(',')
      ->type_name("METHOD,...");
  bench->add_option("--prompts", args->prompts, "A prompt on each line, as text or JSON")
      ->type_name("FILE");
  bench->add_option("--n-prompts", args->n_prompts, "Prompts of the file that are answered")
      ->group("Figures")
      ->check(integers(1, 1 << 16))
      ->capture_default_str();
  bench->add_option("-n,--n-gen", args->n_new, "Tokens of each answer")
      ->check(integers(2, 1 << 16))
      ->capture_default_str();
  bench->add_option("-b,--batch", args->n_batch, "Answers at once (default: 1,4,16)")
      ->delimiter(',')
      ->check(integers(1, 256))
      ->type_name("N,...");
  bench->add_option("-r,--rounds", args->n_rounds, "Turns of each method and plain decoding")
      ->group("Figures")
      ->check(integers(1, 1000))
      ->capture_default_str();
  add_spec_sources(*bench, args->spec);
  add_kv_type(*bench, args->kv_type);
  add_sample_flags(*bench, args->sample);
  bench->add_option("--svg", args->svg, "A chart of the speeds")->type_name("FILE");
  bench->add_flag("--json", args->json, "A JSON object on a line for each method and batch");
  bench->footer(
      "millrace spec-bench -m model.gguf\n"
      "millrace spec-bench -m model.gguf --prompts questions.jsonl -b 1,4,16 --temp 0\n"
      "millrace spec-bench --methods lookup,suffix:depth=32,auto --json");
  bench->callback([args, &exit_code] { exit_code = run_spec_bench(*args); });
}

}  // namespace mr::app
