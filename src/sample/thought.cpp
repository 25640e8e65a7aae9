#include "sample/thought.h"

namespace mr::sample {
namespace {

bool is_spent(const ThoughtLimit& limit, const Thought& thought) {
  return limit.budget >= 0 && thought.inside && thought.n_tokens >= limit.budget;
}

}  // namespace

std::int32_t forced(const ThoughtLimit& limit, const Thought& thought) {
  if (!is_spent(limit, thought)) return -1;
  const auto n_message = static_cast<std::int32_t>(limit.message.size());
  if (thought.n_after < n_message) return limit.message[static_cast<std::size_t>(thought.n_after)];
  return thought.n_after - n_message < limit.grace ? -1 : limit.close;
}

void advance(Thought& thought, const ThoughtLimit& limit, std::int32_t token) {
  if (token == (thought.inside ? limit.close : limit.open)) {
    thought.inside = !thought.inside;
    thought.n_after = 0;
  } else if (is_spent(limit, thought)) {
    ++thought.n_after;
  } else if (thought.inside) {
    ++thought.n_tokens;
  }
}

}  // namespace mr::sample
