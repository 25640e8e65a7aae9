#pragma once
#include <cstdint>
#include <vector>

#include "app/loaded.h"
#include "tensor/dtype.h"

namespace mr::app {

struct BenchArgs {
  LoadArgs load;
  std::vector<std::int32_t> n_prompt{512};  ///< prompts to time; 0: none
  std::int32_t n_new = 64;                  ///< steps of each decode; 0: none
  std::vector<std::int32_t> n_rows{1};      ///< sequences that decode together
  std::vector<std::int32_t> depth{128};     ///< positions that they start from
  std::int32_t n_prompts = 5;               ///< times that each prompt runs
  DType kv_type = DType::f16;
  bool json = false;
};

/// Times prefill and decode against the limits of the machine, which are measured in the same run.
/// Returns the exit code; a result above its limit fails the run, since the limit was measured low.
int run_bench(const BenchArgs& args);

}  // namespace mr::app
