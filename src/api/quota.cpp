#include "api/quota.h"

#include <algorithm>
#include <cmath>

namespace mr::api {
namespace {

constexpr double kMinute = 60;

void drop_old(Use& use, double now_s) {
  while (!use.spent.empty() && use.spent.front().first <= now_s - kMinute) {
    use.n_tokens -= use.spent.front().second;
    use.spent.pop_front();
  }
}

/// Seconds until the tokens of the last minute are fewer than `most`.
double wait_for_tokens(const Use& use, std::size_t most, double now_s) {
  std::size_t n = use.n_tokens;
  for (const auto& [when, tokens] : use.spent) {
    n -= tokens;
    if (n < most) return when + kMinute - now_s;
  }
  return kMinute;
}

Problem too_many(const std::string& what, std::size_t most, double retry_after_s) {
  return {.status = 429,
          .message = "this key has " + what + ", of at most " + std::to_string(most),
          .code = "rate_limit_exceeded",
          .retry_after_s = static_cast<int>(std::clamp(std::ceil(retry_after_s), 1.0, kMinute))};
}

}  // namespace

std::optional<Problem> enter(Quota& quota, const Limits& limits, std::uint64_t key,
                             std::size_t n_answers, double now_s) {
  const std::lock_guard lock(quota.mutex);
  Use& use = quota.by_key[key];
  drop_old(use, now_s);
  if (limits.running_per_key > 0 && use.n_running + n_answers > limits.running_per_key) {
    return too_many(std::to_string(use.n_running) + " answers under way", limits.running_per_key,
                    1);
  }
  if (limits.waiting_per_key > 0 && use.n_waiting + n_answers > limits.waiting_per_key) {
    return too_many(std::to_string(use.n_waiting) + " answers waiting", limits.waiting_per_key, 1);
  }
  if (limits.tokens_per_minute > 0 && use.n_tokens >= limits.tokens_per_minute) {
    return too_many(std::to_string(use.n_tokens) + " tokens in this minute",
                    limits.tokens_per_minute,
                    wait_for_tokens(use, limits.tokens_per_minute, now_s));
  }
  use.n_running += n_answers;
  use.n_waiting += n_answers;
  return {};
}

void begin(Quota& quota, std::uint64_t key, std::size_t n_answers) {
  const std::lock_guard lock(quota.mutex);
  quota.by_key.at(key).n_waiting -= n_answers;
}

void leave(Quota& quota, std::uint64_t key, std::size_t n_answers, bool begun, std::size_t n_tokens,
           double now_s) {
  const std::lock_guard lock(quota.mutex);
  Use& use = quota.by_key.at(key);
  use.n_running -= n_answers;
  if (!begun) use.n_waiting -= n_answers;
  if (n_tokens > 0) use.spent.emplace_back(now_s, n_tokens);
  use.n_tokens += n_tokens;
  drop_old(use, now_s);
  if (use.n_running == 0 && use.spent.empty()) quota.by_key.erase(key);
}

}  // namespace mr::api
