#include "sys/cpu.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace mr::sys {
namespace {

struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

/// A leaf of CPUID, zero where the processor has it not.
Registers leaf(std::uint32_t number, std::uint32_t sub) {
  Registers r;
  if (__get_cpuid_count(number, sub, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

/// XCR0: which register states the operating system saves.
std::uint64_t saved_states() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

bool bit(std::uint64_t value, int index) {
  return (value >> index & 1U) != 0;
}

}  // namespace

// Source: Intel SDM volume 2A, CPUID; volume 1, 13.3 for XCR0.
CpuFeatures cpu_features() {
  const Registers l1 = leaf(1, 0);
  const Registers l7 = leaf(7, 0);
  const Registers l7_1 = leaf(7, 1);
  const std::uint64_t saved = bit(l1.ecx, 27) ? saved_states() : 0;  // 27: OSXSAVE
  const bool ymm = (saved & 0x6U) == 0x6U;                           // SSE and AVX
  const bool zmm = ymm && (saved & 0xE0U) == 0xE0U;  // masks, upper halves, registers 16 to 31
  const bool tiles = (saved & 0x60000U) == 0x60000U;
  CpuFeatures f;
  f.fma = ymm && bit(l1.ecx, 12);
  f.f16c = ymm && bit(l1.ecx, 29);
  f.avx2 = ymm && bit(l7.ebx, 5);
  f.avx_vnni = ymm && bit(l7_1.eax, 4);
  f.avx512f = zmm && bit(l7.ebx, 16);
  f.avx512dq = zmm && bit(l7.ebx, 17);
  f.avx512bw = zmm && bit(l7.ebx, 30);
  f.avx512vl = zmm && bit(l7.ebx, 31);
  f.avx512_vnni = zmm && bit(l7.ecx, 11);
  f.avx512_bf16 = zmm && bit(l7_1.eax, 5);
  f.amx_bf16 = tiles && bit(l7.edx, 22);
  f.amx_tile = tiles && bit(l7.edx, 24);
  f.amx_int8 = tiles && bit(l7.edx, 25);
  return f;
}

bool allow_tiles() {
  constexpr long kRequestPermission = 0x1023;
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace mr::sys
