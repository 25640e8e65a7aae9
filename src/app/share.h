#pragma once
#include <cstdint>

namespace mr::app {

/// n over `of`; 0 where that is 0.
inline double share(std::int64_t n, std::int64_t of) {
  return of > 0 ? static_cast<double>(n) / static_cast<double>(of) : 0;
}

}  // namespace mr::app
