#include <CLI/CLI.hpp>
#include <limits>
#include <memory>

#include "app/commands.h"
#include "app/loadtest_command.h"
#include "app/numbers.h"

namespace mr::app {
namespace {

constexpr std::int64_t kMostCount = std::numeric_limits<std::int32_t>::max();
constexpr double kMostSeconds = 1e6;

void add_load(CLI::App& command, LoadPlan& plan) {
  command
      .add_option("--trace", plan.trace,
                  "Recorded requests: .csv of lengths, or .jsonl of Mooncake or ShareGPT")
      ->type_name("FILE");
  command
      .add_option("--mix", plan.mix,
                  "Made-up requests instead: PROMPT:ANSWER tokens, several after commas")
      ->type_name("LENGTHS");
  command.add_option("-n,--requests", plan.n, "Requests at most")
      ->check(integers(1, kMostCount))
      ->capture_default_str();
  command
      .add_option("--rate", plan.rate,
                  "Requests a second, whatever comes back (default: as the trace has it, or 1)")
      ->check(CLI::Range(0.0, 1e6));
  command.add_option("--scale", plan.scale, "Of the lengths of prompts and answers")
      ->group("Traffic")
      ->check(CLI::Range(1e-6, 1e3))
      ->capture_default_str();
  command.add_option("--shared", plan.n_shared, "Tokens that all prompts of a mix begin with")
      ->group("Traffic")
      ->check(integers(0, 1 << 20))
      ->capture_default_str();
  command.add_option("-c,--ctx-size", plan.n_most, "Tokens of a request; longer ones are cut")
      ->group("Traffic")
      ->check(integers(2, kMostCount))
      ->capture_default_str();
  command.add_option("-s,--seed", plan.seed, "Of everything random")
      ->group("Traffic")
      ->check(integers(0, std::numeric_limits<std::int64_t>::max()))
      ->capture_default_str();
}

}  // namespace

void add_loadtest(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("loadtest", "Measure a server under recorded traffic");
  const auto args = std::make_shared<LoadtestArgs>();
  command->add_option("--url", args->url, "Of the server")->capture_default_str();
  command->add_option("-m,--model", args->model, "Its name there (default: the first served)")
      ->type_name("NAME");
  command->add_option("--api-key", args->api_key, "For the server")->type_name("KEY");
  command->add_option("--vocab", args->n_vocab, "Token ids are below (default: asked for)")
      ->group("Server")
      ->check(integers(0, kMostCount));
  add_load(*command, args->plan);
  command
      ->add_option("--slo-ttft", args->promise.first_s, "Seconds to the first token, for goodput")
      ->group("Server")
      ->check(CLI::Range(0.0, kMostSeconds))
      ->capture_default_str();
  command->add_option("--slo-itl", args->promise.gap_s, "Seconds between tokens on the mean")
      ->group("Server")
      ->check(CLI::Range(0.0, kMostSeconds))
      ->capture_default_str();
  command->add_option("--timeout", args->timeout_s, "Seconds that a request may take")
      ->group("Server")
      ->check(CLI::Range(0.0, kMostSeconds))
      ->capture_default_str();
  command->add_flag("--json", args->json, "One JSON object");
  command->add_option("--svg", args->svg, "Also a picture of the distributions")->type_name("FILE");
  command->footer(
      "millrace loadtest --mix 500:128 --rate 4 -n 200\n"
      "millrace loadtest --trace mooncake.jsonl --scale 0.05 --rate 2 --json\n"
      "millrace loadtest --trace azure.csv -n 1000 --svg times.svg");
  command->callback([args, &exit_code] { exit_code = run_loadtest(*args); });
}

}  // namespace mr::app
