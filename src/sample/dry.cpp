#include <algorithm>
#include <cmath>

#include "sample/penalties.h"

namespace mr::sample {
namespace {

using Tokens = std::vector<std::int32_t>;

/// The breakers that begin with `token`, of the sorted list.
std::span<const Tokens> breakers_of(const std::vector<Tokens>& breakers, std::int32_t token) {
  const auto head_less = [](const Tokens& a, std::int32_t b) { return a.front() < b; };
  const auto less_head = [](std::int32_t a, const Tokens& b) { return a < b.front(); };
  const auto begin = std::lower_bound(breakers.begin(), breakers.end(), token, head_less);
  return {begin, std::upper_bound(begin, breakers.end(), token, less_head)};
}

/// The tokens at the end that come after the last breaker: no repetition is longer. `last` holds
/// the window, the newest token first.
std::size_t unbroken(const Tokens& last, const std::vector<Tokens>& breakers) {
  for (std::size_t i = 0; i < last.size(); ++i) {
    std::size_t longest = 0;  // of the matching breakers that begin at token i
    for (const Tokens& breaker : breakers_of(breakers, last[i])) {
      if (breaker.size() > i + 1) continue;
      const auto end = last.rend() - static_cast<std::ptrdiff_t>(i + 1);
      if (std::equal(breaker.begin(), breaker.end(), end)) {
        longest = std::max(longest, breaker.size());
      }
    }
    if (longest > 0) return i + 1 - longest;
  }
  return last.size();
}

/// For every k, how many tokens from k on equal those from 0 on.
/// Source: Gusfield 1997, "Algorithms on strings, trees and sequences", section 1.3.
std::vector<std::size_t> z_values(const Tokens& last) {
  std::vector<std::size_t> z(last.size());
  std::size_t left = 0;
  std::size_t right = 0;  // [left, right) equals the beginning
  for (std::size_t k = 1; k < last.size(); ++k) {
    std::size_t n = k < right ? std::min(right - k, z[k - left]) : 0;
    while (k + n < last.size() && last[n] == last[k + n]) ++n;
    z[k] = n;
    if (k + n > right) {
      left = k;
      right = k + n;
    }
  }
  return z;
}

bool breaks_alone(const std::vector<Tokens>& breakers, std::int32_t token) {
  const auto those = breakers_of(breakers, token);
  return !those.empty() && those.front().size() == 1;  // sorted: the shortest is first
}

}  // namespace

void dry(Candidates& c, const History& history, const Params& params) {
  const std::size_t n = window(history, params.dry_penalty_last_n);
  const auto allowed = static_cast<std::size_t>(params.dry_allowed_length);
  if (params.dry_multiplier == 0 || params.dry_base < 1 || n <= allowed) return;
  Tokens last(n);
  for (std::size_t i = 0; i < n; ++i) last[i] = from_end(history, i);
  const std::size_t limit = unbroken(last, params.dry_breakers);
  if (limit < allowed) return;

  // The longest repetition that each token would lengthen, by falling length for each.
  struct Repeat {
    std::int32_t token;
    std::size_t length;
  };
  std::vector<Repeat> repeats;
  const std::vector<std::size_t> z = z_values(last);
  for (std::size_t k = 1; k < n; ++k) {
    const std::size_t length = std::min(z[k], limit);
    if (length >= allowed) repeats.push_back({last[k - 1], length});
  }
  std::sort(repeats.begin(), repeats.end(), [](const Repeat& a, const Repeat& b) {
    return a.token < b.token || (a.token == b.token && a.length > b.length);
  });
  constexpr float kLogOfMost = 88.7228391F;  // of the largest float
  const float most =
      params.dry_base > 1.000001F ? std::trunc(kLogOfMost / std::log(params.dry_base)) : 0.0F;
  for (std::size_t r = 0; r < repeats.size(); ++r) {
    if (r > 0 && repeats[r].token == repeats[r - 1].token) continue;
    const std::size_t i = find(c, repeats[r].token);
    if (i == kNone || breaks_alone(params.dry_breakers, repeats[r].token)) continue;
    const auto longer = static_cast<float>(repeats[r].length - allowed);
    const float exponent = most > 0 ? std::min(longer, most) : longer;
    set(c, i, c.logit[i] - params.dry_multiplier * std::pow(params.dry_base, exponent));
  }
}

}  // namespace mr::sample
