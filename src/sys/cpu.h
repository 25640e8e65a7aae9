#pragma once

/// What the processor can do and the operating system lets it do.
namespace mr::sys {

/// Instruction sets, each true only where the system saves the registers that it needs.
struct CpuFeatures {
  bool avx2 = false;
  bool fma = false;
  bool f16c = false;
  bool avx_vnni = false;
  bool avx512f = false;
  bool avx512bw = false;
  bool avx512dq = false;
  bool avx512vl = false;
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool amx_tile = false;
  bool amx_int8 = false;
  bool amx_bf16 = false;
};

/// The features of the processor that this runs on; nothing where it is no x86.
CpuFeatures cpu_features();

/// Asks the system to let this process use the tiles of AMX: without that they fault. False where
/// it does not. Source: Linux, Documentation/arch/x86/xstate.rst.
bool allow_tiles();

}  // namespace mr::sys
