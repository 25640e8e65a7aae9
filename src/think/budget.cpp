#include "think/budget.h"

namespace mr::think {

Expected<sample::ThoughtLimit> limit(const text::Tokenizer& tok,
                                     const std::optional<text::ThinkMarks>& marks,
                                     const Budget& budget, bool begins_in_thought) {
  if (budget.n_tokens < -1 || budget.grace < 0) {
    return fail(Fault::bad_request,
                "reasoning budget: wanted -1 or more tokens and a grace of 0 "
                "or more, found " +
                    std::to_string(budget.n_tokens) + " and " + std::to_string(budget.grace));
  }
  sample::ThoughtLimit limit;
  if (!marks || budget.n_tokens < 0) return limit;
  limit.open = static_cast<std::int32_t>(marks->open);
  limit.close = static_cast<std::int32_t>(marks->close);
  limit.budget = budget.n_tokens;
  limit.begun = begins_in_thought;
  if (budget.n_tokens == 0) return limit;
  MR_TRY(const auto ids, text::encode(tok, budget.message));
  limit.message.assign(ids.begin(), ids.end());
  limit.grace = budget.grace;
  return limit;
}

}  // namespace mr::think
