#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace mr::sample {

/// The tokens before the one that is drawn.
struct History {
  std::span<const std::int32_t> before;  ///< prompt and answer
  std::span<const std::int32_t> path;    ///< drawn after them
  std::int32_t n_prompt = 0;             ///< of `before`
};

inline std::size_t size(const History& history) {
  return history.before.size() + history.path.size();
}

/// The token that stands i from the end: 0 is the last, i < size.
inline std::int32_t from_end(const History& history, std::size_t i) {
  const std::size_t n_path = history.path.size();
  return i < n_path ? history.path[n_path - 1 - i]
                    : history.before[history.before.size() - 1 - (i - n_path)];
}

/// The tokens that a window of last_n takes in, -1 for all.
inline std::size_t window(const History& history, std::int32_t last_n) {
  const auto wanted = static_cast<std::size_t>(last_n < 0 ? 0 : last_n);
  return last_n < 0 || wanted > size(history) ? size(history) : wanted;
}

}  // namespace mr::sample
