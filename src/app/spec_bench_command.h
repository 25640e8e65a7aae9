#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "app/loaded.h"
#include "app/sample_flags.h"
#include "app/speculation.h"
#include "tensor/dtype.h"

namespace mr::app {

struct SpecBenchArgs {
  LoadArgs load;
  std::vector<std::string> methods;   ///< empty: all that need nothing, and auto
  std::vector<std::int32_t> n_batch;  ///< empty: 1, 4 and 16
  std::string prompts;                ///< a JSONL file or a text with a prompt on each line
  SpecArgs spec;                      ///< what they work from
  std::string svg;                    ///< where a chart is written
  std::int32_t n_prompts = 16;
  std::int32_t n_new = 128;
  std::int32_t n_rounds = 3;
  SampleArgs sample;
  DType kv_type = DType::f16;
  bool json = false;
};

/// `millrace spec-bench`: what each method accepts and what it does to the speed. Returns the exit
/// code, which is not 0 where a method changed a text.
int run_spec_bench(const SpecBenchArgs& args);

}  // namespace mr::app
