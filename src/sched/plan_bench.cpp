#include "sched/plan.h"

#include <benchmark/benchmark.h>

#include "base/rng.h"
#include "sched/commit.h"

namespace mr::sched {
namespace {

constexpr std::int32_t kSequences = 256;

/// One token for each sequence with logits, none of a draft.
Results answer(const State& state, const Batch& batch, Rng& rng) {
  Results results;
  for (std::size_t i = 0; i < batch.task.size(); ++i) {
    const Task& task = at(state, batch.task[i]);
    const std::int32_t n_rows = batch.row_begin[i + 1] - batch.row_begin[i];
    const bool decodes = task.seq.length + 1 == static_cast<std::int32_t>(task.tokens.size());
    if (decodes || task.seq.length + n_rows == static_cast<std::int32_t>(task.tokens.size())) {
      results.token.push_back(static_cast<Token>(1000 + below(rng, 40000)));
    }
    results.token_begin.push_back(static_cast<std::int32_t>(results.token.size()));
    results.verdict.push_back(Verdict::go_on);
  }
  return results;
}

/// A server with 256 choices of 1,000 tokens that decode, and perhaps 512 that wait.
State busy(const CostTable& cost, std::int32_t n_waiting, Rng& rng) {
  kv::Pool pool = kv::make_pool({.budget_bytes = 20'000, .full_page_bytes = 1}).value();
  State state = make_state({.n_waiting = 1024, .n_running = kSequences, .n_rows = 8192},
                           std::move(pool), kv::make_tree(0, 1))
                    .value();
  for (RequestId id = 0; id < static_cast<RequestId>(kSequences + n_waiting); ++id) {
    std::vector<Token> prompt;
    while (prompt.size() < 1000) prompt.push_back(static_cast<Token>(below(rng, 40000)));
    const auto sent =
        submit(state, {.id = id, .prompt = std::move(prompt), .n_new = 100'000, .tenant = id % 7});
    if (!sent) break;
  }
  while (decoding(state).size() < static_cast<std::size_t>(kSequences)) {
    const Batch batch = plan(state, {.now_us = 0, .cost = cost});
    commit(state, batch, answer(state, batch, rng));
  }
  return state;
}

/// Plans of steps in which 256 sequences decode; the commit between them is timed apart.
void plan_256_sequences(benchmark::State& bench) {
  const CostTable cost{{{1, 100}, {64, 200}, {512, 1500}}};
  Rng rng{1};
  const auto n_draft = static_cast<std::int32_t>(bench.range(0));
  State state = busy(cost, static_cast<std::int32_t>(bench.range(1)), rng);
  for (auto _ : bench) {
    bench.PauseTiming();
    for (const TaskId id : decoding(state)) {
      if (n_draft == 0) break;
      spec::Draft draft = spec::make_draft(0);
      for (std::int32_t i = 0; i < n_draft; ++i) {
        add(draft, i / 2, i, static_cast<float>(unit(rng)));
      }
      offer(state, id, std::move(draft));
    }
    bench.ResumeTiming();
    const Batch batch = plan(state, {.now_us = 0, .cost = cost});
    bench.PauseTiming();
    bench.counters["rows"] = static_cast<double>(batch.token.size());
    commit(state, batch, answer(state, batch, rng));
    bench.ResumeTiming();
  }
}
BENCHMARK(plan_256_sequences)
    ->ArgNames({"draft_nodes", "waiting"})
    ->Args({0, 0})
    ->Args({0, 512})
    ->Args({4, 0})
    ->Iterations(3000)
    ->Unit(benchmark::kMicrosecond);

void commit_256_sequences(benchmark::State& bench) {
  const CostTable cost{{{1, 100}, {64, 200}, {512, 1500}}};
  Rng rng{1};
  State state = busy(cost, 0, rng);
  for (auto _ : bench) {
    bench.PauseTiming();
    const Batch batch = plan(state, {.now_us = 0, .cost = cost});
    const Results results = answer(state, batch, rng);
    bench.ResumeTiming();
    benchmark::DoNotOptimize(commit(state, batch, results));
  }
}
BENCHMARK(commit_256_sequences)->Iterations(3000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mr::sched
