#pragma once
#include <cstdint>

#include "base/error.h"
#include "engine/engine.h"
#include "model/forward.h"

/// How fast a loaded model runs: passes over it, timed one by one.
namespace mr::engine {

/// One thing to time.
struct SpeedTest {
  bool is_prefill = false;
  std::int32_t n_rows = 1;   ///< decode: sequences, one row each; prefill: tokens of the prompt
  std::int32_t depth = 0;    ///< decode: positions that each sequence has at the start
  std::int32_t n_times = 1;  ///< decode: steps; prefill: prompts
};

/// Units: seconds.
struct Speed {
  double median = 0;  ///< of a step, or of a whole prompt
  double spread = 0;  ///< distance of the quartiles, over the median
};

/// Rows of a prompt's step.
inline constexpr std::int32_t kPrefillRows = 512;

/// The options of an engine that could run the test.
Options options_of(const SpeedTest& test, DType kv_type);

/// Times one test on an own, zeroed cache (times do not depend on what is in it), after a first
/// step that does not count.
/// Errors: does_not_fit.
Expected<Speed> measure_speed(const model::Model& model, const SpeedTest& test, DType kv_type);

}  // namespace mr::engine
