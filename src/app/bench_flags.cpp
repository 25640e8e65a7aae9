#include <CLI/CLI.hpp>
#include <memory>

#include "app/bench_command.h"
#include "app/commands.h"
#include "app/model_flags.h"
#include "app/numbers.h"

namespace mr::app {

void add_bench(CLI::App& app, int& exit_code) {
  CLI::App* bench = app.add_subcommand("bench", "Speed of a model, beside the machine's limits");
  const auto args = std::make_shared<BenchArgs>();
  add_load_flags(*bench, args->load);
  constexpr std::int32_t kMost = 1 << 20;
  const auto list = [&](const char* flags, std::vector<std::int32_t>& to, const char* text) {
    bench->add_option(flags, to, text)
        ->delimiter(',')
        ->check(integers(0, kMost))
        ->type_name("N,...");
  };
  list("-p,--n-prompt", args->n_prompt, "Tokens of the prompts to time, 0 for none (default: 512)");
  bench->add_option("-n,--n-gen", args->n_new, "Steps of each decode, 0 for none")
      ->check(integers(0, kMost))
      ->capture_default_str();
  bench->add_option("-b,--batch", args->n_rows, "Sequences that decode together (default: 1)")
      ->delimiter(',')
      ->check(integers(1, 1 << 12))
      ->type_name("N,...");
  list("-d,--depth", args->depth, "Positions that decoding starts from (default: 128)");
  bench->add_option("-r,--repetitions", args->n_prompts, "Times that each prompt runs")
      ->check(integers(1, 1000))
      ->capture_default_str();
  add_kv_type(*bench, args->kv_type);
  bench->add_flag("--json", args->json, "A JSON object on a line for each test");
  bench->footer(
      "millrace bench -m model.gguf\n"
      "millrace bench -m model.gguf -p 512,2048 -b 1,4,16,32 -d 128,4096 -t 2\n"
      "millrace bench -m model.gguf -p 0 -n 256 --json");
  bench->callback([args, &exit_code] { exit_code = run_bench(*args); });
}

}  // namespace mr::app
