// Microseconds a draw over Qwen3's vocabulary, on logits shaped like a model's: most far below a
// few. The argument is the spread: 3 peaked, 1 flat.
#include <benchmark/benchmark.h>

#include <cmath>

#include "base/rng.h"
#include "sample/chain.h"
#include "sample/logprobs.h"

namespace mr::sample {
namespace {

constexpr std::size_t kVocab = 151'936;

std::vector<float> logits_with(double spread) {
  Rng rng{1};
  std::vector<float> logits(kVocab);
  for (float& logit : logits) {  // sums of 4 uniforms: nearly normal
    logit =
        static_cast<float>(spread * 1.732 * (unit(rng) + unit(rng) + unit(rng) + unit(rng) - 2));
  }
  for (int i = 0; i < 20; ++i) logits[below(rng, kVocab)] += static_cast<float>(spread * 4);
  return logits;
}

void run(benchmark::State& state, const Params& params) {
  const std::vector<float> logits = logits_with(static_cast<double>(state.range(0)));
  const std::vector<std::int32_t> text(4096, 17);
  std::vector<std::int32_t> before = text;
  Candidates c;
  for (auto _ : state) {
    start(c, logits);
    benchmark::DoNotOptimize(
        pick(c, params, {.history = {.before = before, .path = {}}, .carry = first_carry(params)}));
    before.resize(before.size() == text.size() ? text.size() - 1 : text.size(), 17);
  }
}

void start_only(benchmark::State& state) {
  const std::vector<float> logits = logits_with(static_cast<double>(state.range(0)));
  Candidates c;
  for (auto _ : state) benchmark::DoNotOptimize(start(c, logits));
}

void logprobs_of_20(benchmark::State& state) {
  const std::vector<float> logits = logits_with(static_cast<double>(state.range(0)));
  Candidates c;
  for (auto _ : state) benchmark::DoNotOptimize(logprobs(c, {logits}, 5, 20));
}

const Params kDefault{.temperature = 0.8F, .top_k = 40, .top_p = 0.95F, .min_p = 0.05F};

BENCHMARK(start_only)->Arg(3)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, greedy, Params{.temperature = 0})
    ->Arg(3)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, default_chain, kDefault)->Arg(3)->Arg(1)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, top_p_only, Params{.top_p = 0.95F})
    ->Arg(3)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, temperature_1, Params{})->Arg(3)->Arg(1)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, min_p_only, Params{.min_p = 0.05F})->Arg(3)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, penalties, Params{.top_k = 40, .repetition_penalty = 1.1F})
    ->Arg(3)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, dry, Params{.top_k = 40, .dry_multiplier = 0.8F, .dry_penalty_last_n = -1})
    ->Arg(3)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, mirostat, Params{.mirostat = 2})->Arg(3)->Unit(benchmark::kMicrosecond);
BENCHMARK(logprobs_of_20)->Arg(3)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mr::sample
