#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "api/limits.h"
#include "api/problem.h"

/// What each key may have under way and use up. Times are seconds on one clock.
namespace mr::api {

struct Use {
  std::size_t n_running = 0;                              ///< answers under way
  std::size_t n_waiting = 0;                              ///< of them, those that have not begun
  std::size_t n_tokens = 0;                               ///< in `spent`
  std::deque<std::pair<double, std::size_t>> spent = {};  ///< time and tokens, of the last minute
};

/// Threads: any.
struct Quota {
  std::mutex mutex;
  std::unordered_map<std::uint64_t, Use> by_key;
};

/// Counts answers of a key in. Problems: 429 where it has its share already.
std::optional<Problem> enter(Quota& quota, const Limits& limits, std::uint64_t key,
                             std::size_t n_answers, double now_s);

/// They have begun.
void begin(Quota& quota, std::uint64_t key, std::size_t n_answers);

/// They have ended, and took so many tokens.
void leave(Quota& quota, std::uint64_t key, std::size_t n_answers, bool begun, std::size_t n_tokens,
           double now_s);

}  // namespace mr::api
