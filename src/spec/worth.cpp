#include "spec/worth.h"

#include <algorithm>

namespace mr::spec {
namespace {

constexpr std::int64_t kFirstCalls = 8;
constexpr double kFirstLoss = 4;      ///< tokens, after which there are no more first calls
constexpr double kCheap = 0.01;       ///< tokens that a call may cost without bringing any
constexpr double kLeastWait = 16;     ///< tokens between calls that do not pay
constexpr double kProbeShare = 0.02;  ///< of the tokens since the last call that one may lose
constexpr double kNewShare = 0.1;     ///< of a call in the averages
constexpr double kSurprise = 2;       ///< times the average that a call counts at most

double share_of(std::int64_t n_calls) {
  return std::max(kNewShare, 1.0 / static_cast<double>(n_calls));
}

}  // namespace

bool is_asked(const Worth& worth, double tokens_per_us) {
  const double cost = worth.us * tokens_per_us;
  const double loss = cost - worth.gain;
  if (cost <= kCheap || loss <= 0) return true;
  if (worth.n_calls < 2) return true;
  if (worth.n_calls < kFirstCalls && static_cast<double>(worth.n_calls) * loss < kFirstLoss) {
    return true;
  }
  return worth.waited >= kLeastWait && loss <= kProbeShare * worth.waited;
}

void spend(Worth& worth, double us) {
  ++worth.n_calls;
  // The first call reads a prompt, as the first of every sequence does: that pays over its answer.
  worth.us = worth.n_calls <= 2 ? us
                                : worth.us + share_of(worth.n_calls - 1) *
                                                 (std::min(us, kSurprise * worth.us) - worth.us);
  worth.gained = 0;
  worth.waited = 0;
  worth.open = true;
}

void wait(Worth& worth, std::int64_t n_sequences) {
  worth.waited += static_cast<double>(n_sequences);
}

void bring(Worth& worth, std::int64_t n_accepted, std::int64_t n_computed, double node_cost) {
  worth.gained += static_cast<double>(n_accepted) - static_cast<double>(n_computed) * node_cost;
}

void settle(Worth& worth) {
  if (!worth.open) return;
  worth.gain += share_of(worth.n_calls) * (worth.gained - worth.gain);
  worth.open = false;
}

}  // namespace mr::spec
