#pragma once
#include <array>
#include <cstdint>

#include "base/error.h"
#include "engine/footprint.h"
#include "sys/limits.h"

/// How fast a model will run on this machine, from its measured limits: what a step reads at the
/// rate of the memory, what it multiplies at the rate of the level's own matrix products.
namespace mr::engine {

/// A step whose rows are all alike.
struct Pass {
  std::int32_t n_rows = 0;
  std::int32_t n_logit_rows = 0;
  std::int64_t n_attended = 0;  ///< positions, by each row
  std::int32_t n_sharing = 1;   ///< rows that attend to the same ones
};

/// What the step asks of the device, of the sketch's level. Errors: does_not_fit.
Expected<kern::Work> count(const Sketch& sketch, const Pass& pass, const Options& options);

/// Time of a step. Units: seconds.
struct StepTime {
  double memory = 0;   ///< to read the weights and the cache
  double compute = 0;  ///< to multiply
};

/// The longer of the two: a step does both at once.
double seconds(const StepTime& time);

struct Forecast {
  StepTime decode;       ///< a token of each request, at the beginning of the context
  StepTime decode_full;  ///< the same at its end
  StepTime prefill;      ///< a step of prompt alone
  std::int32_t n_decode_rows = 0;
  std::int32_t n_prefill_rows = 0;
};

/// Measures the level's products for the types and row counts that the model has, then forecasts.
/// `device` is a CPU level's. Errors: does_not_fit.
/// Cost: about 20 ms for each type, and what sys::machine_limits costs.
Expected<Forecast> forecast(const Sketch& sketch, const Options& options,
                            const kern::Device& device, const sys::Limits& limits);

}  // namespace mr::engine
