#include "spec/verify.h"

namespace mr::spec {
namespace {

std::vector<std::int32_t> children(const Draft& draft, std::int32_t node) {
  std::vector<std::int32_t> tokens;
  for (std::size_t i = 1; i < draft.parent.size(); ++i) {
    if (draft.parent[i] == node) tokens.push_back(draft.token[i]);
  }
  return tokens;
}

}  // namespace

Verified verify(const Draft& draft, std::span<const sample::LogitRow> rows,
                const sample::Params& params, sample::Place place, sample::Candidates& scratch) {
  Verified verified{.tokens = {}, .logprobs = {}, .carry = place.carry};
  for (std::int32_t node = 0; node >= 0;) {
    const sample::LogitRow& own = rows[static_cast<std::size_t>(node)];
    if (!sample::start(scratch, own)) break;
    place.history.path = verified.tokens;
    place.carry = verified.carry;
    std::vector<std::int32_t> proposed;
    if (params.acceptance != sample::Acceptance::exact) proposed = children(draft, node);
    place.proposed = proposed;
    const sample::Drawn drawn = sample::pick(scratch, params, place);
    if (drawn.token < 0) break;
    verified.tokens.push_back(drawn.token);
    verified.carry = drawn.carry;
    if (params.n_logprobs >= 0) {
      verified.logprobs.push_back(sample::logprobs(scratch, own, drawn.token, params.n_logprobs));
    }
    node = child(draft, node, drawn.token);
  }
  return verified;
}

}  // namespace mr::spec
