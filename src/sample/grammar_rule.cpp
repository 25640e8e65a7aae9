#include "sample/grammar_rule.h"

#include <algorithm>

namespace mr::sample {
namespace {

/// Whether the model may still begin a thought.
bool may_think(const GrammarRule& rule, const GrammarPlace& place) {
  return rule.open >= 0 && !place.thought && place.place == text::grammar::kStart;
}

}  // namespace

bool apply(Candidates& c, const GrammarRule& rule, const GrammarPlace& place,
           std::span<const std::int32_t> stop_tokens) {
  if (rule.matcher == nullptr) return false;
  if (place.thinking) {  // an answer is still to come
    for (const std::int32_t token : stop_tokens) ban(c, std::span(&token, 1));
    return false;
  }
  const std::span<const std::uint64_t> mask = text::grammar::allowed(*rule.matcher, place.place);
  const bool complete = text::grammar::is_complete(*rule.matcher, place.place);
  std::vector<std::uint8_t> marks(c.logit.size());
  bool more = false;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const auto token = static_cast<std::size_t>(token_of(c, i));
    const bool follows = token / 64 < mask.size() && ((mask[token / 64] >> (token % 64)) & 1U) != 0;
    const bool opens = may_think(rule, place) && static_cast<std::int32_t>(token) == rule.open;
    marks[i] = follows || opens ? 1 : 0;
    more = more || follows;
  }
  for (const std::int32_t token : stop_tokens) {
    const std::size_t i = find(c, token);
    if (complete && i != kNone) marks[i] = 1;
  }
  keep_marked(c, marks);
  return complete && !more;
}

void advance(GrammarPlace& place, const GrammarRule& rule, std::int32_t token) {
  if (rule.matcher == nullptr) return;
  if (place.thinking) {
    place.thought = token == rule.close;
    place.thinking = !place.thought;
  } else if (may_think(rule, place) && token == rule.open) {
    place.thinking = true;
  } else {
    place.place = text::grammar::after_token(*rule.matcher, place.place, token);
  }
}

}  // namespace mr::sample
