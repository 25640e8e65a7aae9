#pragma once
#include <cstdint>

/// Whether a proposer is worth what it costs, by what it lately brought: logic without a clock.
/// Units: tokens, or microseconds where a name ends in us.
namespace mr::spec {

struct Worth {
  std::int64_t n_calls = 0;
  double us = 0;      ///< of a call, lately
  double gain = 0;    ///< of a call, lately: see bring
  double gained = 0;  ///< by the last call so far
  bool open = false;  ///< `gained` is not in `gain` yet
  double waited = 0;  ///< tokens that came without it since it was last asked
};

/// Whether to ask it now. Each proposer has some first calls; later it must bring what it costs,
/// or cost next to nothing. One that does not is asked again once what it lost is little beside the
/// tokens that came since. `tokens_per_us`: what time is worth.
bool is_asked(const Worth& worth, double tokens_per_us);

/// It was asked, and took so long.
void spend(Worth& worth, double us);

/// It was not asked in a step of so many sequences.
void wait(Worth& worth, std::int64_t n_sequences);

/// Of its last proposal `n_accepted` nodes came true, and `n_computed` had rows, each of them for
/// time in which `node_cost` tokens would have come.
void bring(Worth& worth, std::int64_t n_accepted, std::int64_t n_computed, double node_cost);

/// All that the last proposal brought has been told.
void settle(Worth& worth);

}  // namespace mr::spec
