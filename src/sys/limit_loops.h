#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sys/cpu.h"

/// The loops that sys::measure_limits times: nothing but reads, nothing but multiplications.
namespace mr::sys {

/// Reads `bytes` (a multiple of 512, 64-byte aligned) once and gives a sum of them.
struct ReadLoop {
  const char* name = "";
  std::uint64_t (*run)(const std::byte* from, std::size_t bytes) = nullptr;
};

enum class Number : std::uint8_t { fp32, bf16, int8 };

/// Does `n` turns of `ops` operations each, a multiplication and its addition being two.
struct MathLoop {
  Number number = Number::fp32;
  const char* name = "";
  double ops = 0;
  void (*run)(std::int64_t n) = nullptr;
};

/// Those that `cpu` runs.
std::vector<ReadLoop> read_loops(const CpuFeatures& cpu);
std::vector<MathLoop> math_loops(const CpuFeatures& cpu);

}  // namespace mr::sys
