#include "sys/limits.h"

#include <benchmark/benchmark.h>

namespace mr::sys {
namespace {

/// The limits of one thread and of all, as rates: run it beside tools that measure the same.
void limits(benchmark::State& state) {
  const auto team = make_team(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    const auto found = measure_limits(**team);
    state.counters["read_B/s"] = found->read.per_s;
    state.counters["fp32/s"] = found->fp32.per_s;
    state.counters["bf16/s"] = found->bf16.per_s;
    state.counters["int8/s"] = found->int8.per_s;
  }
}
BENCHMARK(limits)->Arg(1)->Arg(0)->Iterations(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace mr::sys
