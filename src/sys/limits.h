#pragma once
#include <chrono>
#include <cstddef>

#include "base/error.h"
#include "sys/team.h"

/// What this machine reaches at best, measured: the figures that predictions and shares of the
/// limit stand on.
namespace mr::sys {

/// One figure, and the instructions that reached it. 0 and "" where the processor has none.
struct Rate {
  double per_s = 0;
  const char* by = "";
};

struct Limits {
  int n_threads = 0;
  Rate read;  ///< bytes of memory, far beyond the caches
  Rate fp32;  ///< operations; a multiplication and its addition count as two, as in the next ones
  Rate bf16;  ///< with fp32 sums
  Rate int8;  ///< with int32 sums
};

/// How long to look. A figure is the best of `n_windows` windows, since other programs and the
/// processor's clock only ever make it worse.
struct LimitsEffort {
  std::chrono::microseconds window{1000};
  int n_windows = 24;
  std::size_t bytes = 0;  ///< of memory to read, or 0: eight times the last cache, 128 MiB to 1 GiB
};

/// The limits of all threads of `team` together, reading in several patterns and with every kind of
/// multiplication that the processor has.
/// Errors: failed where the memory to read is refused.
/// Cost: about 0.4 s as `effort` stands.
Expected<Limits> measure_limits(Team& team, const LimitsEffort& effort = {});

/// The limits of usable_processors() threads, measured at the first call and then kept.
/// Threads: any; those that come second wait.
const Expected<Limits>& machine_limits();

}  // namespace mr::sys
