#pragma once
#include <array>

#include "api/histogram.h"
#include "engine/engine.h"

/// What the engine's thread measures of its steps.
namespace mr::api {

/// What steps ask of the machine, and what it can give; 0 where that is not known.
struct StepCost {
  double weight_bytes = 0;      ///< read in a step
  double position_bytes = 0;    ///< of the KV cache, for each position attended to
  double row_s = 0;             ///< of a row's products at the limit of the processor
  double read_bytes_per_s = 0;  ///< the limit of the memory
};

inline constexpr std::array kStepTokens{1.,   8.,    16.,   32.,   64.,   128.,  256.,
                                        512., 1024., 2048., 4096., 8192., 16384.};
inline constexpr std::array kPageAges{.001, .002, .005, .01, .02, .05,  .1,   .2,   .5,    1.,   2.,
                                      5.,   10.,  20.,  30., 60., 120., 300., 600., 1200., 1800.};

struct StepFigures {
  Histogram tokens = make_histogram(kStepTokens);  ///< rows of a step
  Histogram page_lifetime = make_histogram(kPageAges);
  Histogram page_idle = make_histogram(kPageAges);
  Histogram page_reuse = make_histogram(kPageAges);
  double busy_s = 0;          ///< spent in steps
  double lately_s = 0;        ///< of that, the last ones weighing most
  double lately_bytes = 0;    ///< read in them
  double lately_compute = 0;  ///< seconds at the limit of the processor, likewise
};

/// Takes in a step that went from `before` to the engine's counts now in `took_s`.
void add_step(StepFigures& figures, const engine::Engine& engine, const engine::Counts& before,
              const StepCost& cost, double took_s);

/// The share of the time in steps that the memory alone, or the processor alone, would have taken.
double memory_share(const StepFigures& figures, const StepCost& cost);
double compute_share(const StepFigures& figures);

}  // namespace mr::api
