#include "app/work_limit.h"

#include <algorithm>

namespace mr::app {
namespace {

/// The rate of the units that multiply weights of a type: 8-bit ones for blocks.
double type_limit(const sys::Limits& limits, DType type) {
  const bool is_bf16 = type == DType::bf16 && limits.bf16.per_s > limits.fp32.per_s;
  if (is_bf16) return limits.bf16.per_s;
  return traits(type).block > 1 ? std::max(limits.int8.per_s, limits.fp32.per_s)
                                : limits.fp32.per_s;
}

}  // namespace

double seconds_at_limit(const kern::Work& work, const sys::Limits& limits) {
  double seconds = work.attention_macs / limits.fp32.per_s;
  for (std::size_t t = 0; t < work.weight_macs.size(); ++t) {
    seconds += work.weight_macs[t] / type_limit(limits, static_cast<DType>(t));
  }
  return seconds;
}

}  // namespace mr::app
