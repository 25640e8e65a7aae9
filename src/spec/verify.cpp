#include "spec/verify.h"

#include <algorithm>
#include <cmath>

namespace mr::spec {

Verified verify(const Draft& draft, std::span<const float> logits, const sample::Params& params,
                sample::Key key) {
  const std::size_t n_vocab = logits.size() / static_cast<std::size_t>(n_nodes(draft));
  Verified verified;
  for (std::int32_t node = 0; node >= 0; ++key.position) {
    const auto own = logits.subspan(static_cast<std::size_t>(node) * n_vocab, n_vocab);
    if (!std::all_of(own.begin(), own.end(), [](float x) { return std::isfinite(x); })) {
      return {.tokens = {}, .finite = false};
    }
    const std::int32_t token = sample::draw(own, params, key);
    verified.tokens.push_back(token);
    node = child(draft, node, token);
  }
  return verified;
}

}  // namespace mr::spec
