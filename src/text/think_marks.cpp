#include "text/think_marks.h"

#include <array>
#include <string_view>

namespace mr::text {
namespace {

struct Names {
  std::string_view open;
  std::string_view close;
};

constexpr std::array<Names, 4> kNames{{
    {"<think>", "</think>"},            // Qwen 3, DeepSeek R1, GLM, MiniMax and most others
    {"[THINK]", "[/THINK]"},            // Magistral
    {"<seed:think>", "</seed:think>"},  // Seed OSS
    {"◁think▷", "◁/think▷"},            // Kimi VL
}};

constexpr std::string_view kWhiteSpace = " \t\r\n";

}  // namespace

std::optional<ThinkMarks> think_marks(const Tokenizer& tok) {
  std::array<ThinkMarks, kNames.size()> found;
  found.fill({.open = kNoId, .close = kNoId});
  for (Id id = 0; id < n_tokens(tok); ++id) {
    const std::string_view piece = view(tok.vocab.pieces, id);
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (piece == kNames[i].open) found[i].open = id;
      if (piece == kNames[i].close) found[i].close = id;
    }
  }
  for (const ThinkMarks& marks : found) {
    if (marks.open != kNoId && marks.close != kNoId) return marks;
  }
  return std::nullopt;
}

bool ends_in_thought(const Tokenizer& tok, const ThinkMarks& marks,
                     std::span<const std::int32_t> prompt) {
  for (std::size_t i = prompt.size(); i-- > 0;) {
    const auto id = static_cast<Id>(prompt[i]);
    if (id == marks.open) return true;
    const std::string bytes = piece_bytes(tok, id, false);
    if (bytes.find_first_not_of(kWhiteSpace) != std::string::npos) return false;
  }
  return false;
}

}  // namespace mr::text
