#include "sys/limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "sys/cpu.h"
#include "sys/limit_loops.h"

namespace mr::sys {
namespace {

TEST(Limits, EveryReadLoopReadsEveryByte) {
  struct alignas(64) Line {
    std::uint64_t words[8];
  };
  std::vector<Line> lines(64);
  std::uint64_t value = 0;
  for (Line& line : lines) {
    for (std::uint64_t& word : line.words) word = value += 0x9E3779B97F4A7C15U;
  }
  std::uint64_t sum = 0;
  for (const Line& line : lines) sum = std::accumulate(line.words, line.words + 8, sum);
  for (const bool wide : {false, true}) {
    const CpuFeatures cpu = wide ? cpu_features() : CpuFeatures{};
    for (const ReadLoop& loop : read_loops(cpu)) {
      const auto* bytes = reinterpret_cast<const std::byte*>(lines.data());
      EXPECT_EQ(sum, loop.run(bytes, lines.size() * sizeof(Line))) << loop.name;
    }
  }
}

TEST(Limits, EveryKindOfMultiplicationOfTheProcessorHasALoop) {
  const CpuFeatures cpu = cpu_features();
  const auto loops = math_loops(cpu);
  const auto count = [&](Number number) {
    return std::count_if(loops.begin(), loops.end(),
                         [&](const MathLoop& loop) { return loop.number == number; });
  };
  EXPECT_EQ(1 + (cpu.avx2 && cpu.fma) + cpu.avx512f, count(Number::fp32));
  EXPECT_LE(cpu.avx2 + cpu.avx_vnni + cpu.avx512_vnni, count(Number::int8));
  EXPECT_EQ(1U, math_loops({}).size());
}

TEST(Limits, AreMeasuredForEveryThreadOfTheTeam) {
  const auto team = make_team(2).value();
  const LimitsEffort brief{
      .window = std::chrono::microseconds{200}, .n_windows = 1, .bytes = 4 << 20};
  const Expected<Limits> limits = measure_limits(*team, brief);
  ASSERT_TRUE(limits) << limits.error().message;
  const CpuFeatures cpu = cpu_features();
  EXPECT_EQ(2, limits->n_threads);
  EXPECT_GT(limits->read.per_s, 0);
  EXPECT_GT(limits->fp32.per_s, 0);
  EXPECT_EQ(cpu.avx2, limits->int8.per_s > 0);
  EXPECT_EQ(cpu.avx2, *limits->int8.by != '\0');
  EXPECT_EQ(cpu.avx512_bf16 || cpu.amx_bf16, limits->bf16.per_s > 0);
}

TEST(Limits, RefusedMemoryIsAnError) {
  const auto team = make_team(1).value();
  const Expected<Limits> limits = measure_limits(*team, {.bytes = std::size_t{1} << 60});
  ASSERT_FALSE(limits);
  EXPECT_EQ(Fault::failed, limits.error().fault);
}

}  // namespace
}  // namespace mr::sys
