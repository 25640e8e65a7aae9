#pragma once
#include <cstdint>

#include "text/grammar/network.h"

namespace mr::text::grammar {

inline constexpr std::int32_t kNoEnd = -1;

/// How often something comes: `most` is kNoEnd for any number of times.
struct Times {
  std::int32_t least = 1;
  std::int32_t most = 1;
};

/// A rule so many times in a row; gives the state behind them.
inline State add_repeats(Network& net, State from, RuleId rule, Times times) {
  for (std::int32_t i = 0; i < times.least && !is_over(*net.meter); ++i) {
    const State next = add_state(net);
    add_call(net, from, next, rule);
    from = next;
  }
  const State end = add_state(net);
  add_free(net, from, end);
  if (times.most == kNoEnd) {
    const State loop = add_state(net);
    add_free(net, from, loop);
    add_call(net, loop, loop, rule);
    add_free(net, loop, end);
  }
  for (std::int32_t i = times.least; i < times.most && !is_over(*net.meter); ++i) {
    const State next = add_state(net);
    add_call(net, from, next, rule);
    add_free(net, next, end);
    from = next;
  }
  return end;
}

}  // namespace mr::text::grammar
