#pragma once
#include <chrono>

namespace mr::sys {

/// Time on a clock that only goes forward. Units: microseconds.
inline double now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(now).count();
}

}  // namespace mr::sys
