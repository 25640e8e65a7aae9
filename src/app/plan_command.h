#pragma once
#include <cstdint>
#include <string>

#include "app/loaded.h"
#include "app/speculation.h"

namespace mr::app {

struct PlanArgs {
  LoadArgs load;
  SpecArgs spec;
  std::int32_t n_context = 0;   ///< 0: the model's own, or less where memory asks for it
  std::int32_t n_parallel = 1;  ///< requests of that length at once
  DType kv_type = DType::f16;
  bool json = false;
};

/// `millrace plan`: on stdout what running a model would take and what it would give. Returns the
/// exit code: does not fit, where it does not, with the nearest flags that fit on stderr.
int run_plan(const PlanArgs& args);

}  // namespace mr::app
