#include "sample/text_rules.h"

#include <algorithm>

namespace mr::sample {
namespace {

constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxTexts = 1024;

Expected<void> check(std::span<const std::string> texts) {
  if (texts.size() > kMaxTexts) {
    return fail(Fault::bad_request, "texts: wanted at most " + std::to_string(kMaxTexts) +
                                        ", found " + std::to_string(texts.size()));
  }
  for (const std::string& text : texts) {
    if (!text.empty() && text.size() <= kMaxTextBytes) continue;
    return fail(Fault::bad_request, "text: wanted 1 to " + std::to_string(kMaxTextBytes) +
                                        " bytes, found " + std::to_string(text.size()));
  }
  return {};
}

/// The bytes of all tokens; control tokens have none.
std::vector<std::string> pieces_of(const text::Tokenizer& tok) {
  std::vector<std::string> pieces(text::n_tokens(tok));
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const auto token = static_cast<text::Id>(id);
    if (!text::is_control(tok, token)) pieces[id] = text::piece_bytes(tok, token, false);
  }
  return pieces;
}

template <typename Accepts>
TextRules::Place place_at(const std::string& text, std::size_t at,
                          const std::vector<std::string>& pieces, const Accepts& accepts) {
  TextRules::Place place{.done = text.substr(0, at), .tokens = {}};
  const std::string_view rest = std::string_view(text).substr(at);
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    if (accepts(pieces[id], rest)) place.tokens.push_back(static_cast<std::int32_t>(id));
  }
  return place;
}

/// The last bytes of the answer, at least `n_bytes` where it has so many.
std::string tail_of(const TextRules& rules, const History& history, std::size_t n_bytes) {
  std::string tail;
  const auto n_prompt = static_cast<std::size_t>(history.n_prompt);
  for (std::size_t i = 0; i + n_prompt < size(history) && tail.size() < n_bytes; ++i) {
    const auto token = static_cast<text::Id>(from_end(history, i));
    if (text::is_control(*rules.tokenizer, token)) continue;
    tail.insert(0, text::piece_bytes(*rules.tokenizer, token, false));
  }
  return tail;
}

void allow_only(Candidates& c, const TextRules& rules, const History& history,
                std::span<const std::int32_t> stop_tokens) {
  std::vector<std::uint8_t> marks(c.logit.size());
  const auto allow = [&](std::span<const std::int32_t> tokens) {
    for (const std::int32_t token : tokens) {
      const std::size_t i = find(c, token);
      if (i != kNone) marks[i] = 1;
    }
  };
  const std::string answer = tail_of(rules, history, std::string::npos);
  for (const TextRules::Place& place : rules.choices) {
    if (place.done == answer) allow(place.tokens);
  }
  if (std::ranges::find(rules.answers, answer) != rules.answers.end()) allow(stop_tokens);
  keep_marked(c, marks);
}

}  // namespace

Expected<TextRules> make_text_rules(const text::Tokenizer& tokenizer,
                                    std::span<const std::string> banned,
                                    std::span<const std::string> choices) {
  MR_TRY_VOID(check(banned));
  MR_TRY_VOID(check(choices));
  TextRules rules;
  rules.tokenizer = &tokenizer;
  if (banned.empty() && choices.empty()) return rules;
  const std::vector<std::string> pieces = pieces_of(tokenizer);
  for (const std::string& text : banned) {
    rules.longest = std::max(rules.longest, text.size() - 1);
    rules.bans.push_back(place_at(text, 0, pieces, [](const auto& piece, std::string_view rest) {
      return piece.find(rest) != std::string::npos;
    }));
    for (std::size_t at = 1; at < text.size(); ++at) {
      rules.bans.push_back(place_at(text, at, pieces, [](const auto& piece, std::string_view rest) {
        return piece.starts_with(rest);
      }));
    }
  }
  for (const std::string& text : choices) {
    rules.answers.push_back(text);
    for (std::size_t at = 0; at < text.size(); ++at) {
      rules.choices.push_back(
          place_at(text, at, pieces, [](const auto& piece, std::string_view rest) {
            return !piece.empty() && rest.starts_with(piece);
          }));
    }
  }
  return rules;
}

void apply(Candidates& c, const TextRules& rules, const History& history,
           std::span<const std::int32_t> stop_tokens) {
  if (!rules.bans.empty()) {
    const std::string tail = tail_of(rules, history, rules.longest);
    for (const TextRules::Place& place : rules.bans) {
      if (tail.ends_with(place.done)) ban(c, place.tokens);
    }
  }
  if (!rules.answers.empty()) allow_only(c, rules, history, stop_tokens);
}

}  // namespace mr::sample
