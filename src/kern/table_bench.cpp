#include <benchmark/benchmark.h>

#include <memory>

#include "kern/cases/case.h"
#include "kern/cases/device.h"

// Time of the large cases at every level that runs here, and what reading memory costs.
namespace mr::kern {
namespace {

void time_case(benchmark::State& state, Level level, const cases::Case& c) {
  cases::OwnDevice here(level, 0);
  if (!cases::runs_on(c, here.device)) return state.SkipWithError("a cache that it does not keep");
  const cases::Prepared prepared = cases::prepare(c, here.device);
  for (auto _ : state) {
    cases::run(here.device, prepared);
    here.device.ops->synchronize(here.device);
  }
  const cases::Cost cost = cases::cost(c);
  const auto per_second = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GB/s"] = benchmark::Counter(cost.bytes * 1e-9, per_second);
  state.counters["GFLOP/s"] = benchmark::Counter(cost.flops * 1e-9, per_second);
}

struct Reading {
  std::vector<std::uint64_t> from;
  std::vector<std::uint64_t> sums;
};

/// The read limit of plain loops: every thread sums its share, eight chains side by side.
void read_share(void* arg, int part, int n_parts) {
  auto& reading = *static_cast<Reading*>(arg);
  const std::size_t share = reading.from.size() / static_cast<std::size_t>(n_parts) / 8 * 8;
  const std::uint64_t* from = reading.from.data() + share * static_cast<std::size_t>(part);
  std::uint64_t sum[8] = {};
  for (std::size_t i = 0; i < share; i += 8) {
    for (std::size_t j = 0; j < 8; ++j) sum[j] += from[i + j];
  }
  for (const std::uint64_t s : sum) reading.sums[static_cast<std::size_t>(part)] += s;
}

void time_reading(benchmark::State& state) {
  constexpr std::size_t kBytes = std::size_t{1} << 29;
  auto team = sys::make_team(0);
  MR_CHECK(team.has_value());
  Reading reading{std::vector<std::uint64_t>(kBytes / 8, 3),
                  std::vector<std::uint64_t>(static_cast<std::size_t>((*team)->n_threads))};
  for (auto _ : state) sys::run(**team, read_share, &reading);
  benchmark::DoNotOptimize(reading.sums.data());
  state.counters["GB/s"] =
      benchmark::Counter(kBytes * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  benchmark::RegisterBenchmark("read_limit", time_reading)->UseRealTime();
  for (const LevelInfo& level : levels()) {
    if (!level.missing.empty() || level.level == Level::ref) continue;
    for (const cases::Case& c : cases::large_cases()) {
      const std::string name = std::string(level.name) + '/' + cases::name(c);
      benchmark::RegisterBenchmark(name.c_str(), time_case, level.level, c)->UseRealTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace mr::kern
