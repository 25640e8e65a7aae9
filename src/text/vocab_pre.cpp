#include <algorithm>
#include <array>

#include "base/quote.h"
#include "text/scan.h"
#include "text/unicode.h"
#include "text/vocab_read.h"

namespace mr::text {

Expected<void> set_pre(Vocab& vocab, std::string_view pre) {
  constexpr std::array<std::string_view, 5> kFromTiktoken{"cl100k", "llama3", "o200k", "tekken",
                                                          "kimi"};
  const auto names = scanners_of_pre(pre);
  if (names.empty()) {
    return fail(Fault::bad_model, "no pre-tokenizer is named " + quote(pre));
  }
  for (const std::string_view name : names) {
    vocab.splits.push_back({.kind = SplitStep::Kind::scanner, .text = std::string(name)});
  }
  vocab.whole_word_first = std::ranges::find(kFromTiktoken, names[0]) != kFromTiktoken.end();
  return {};
}

Expected<void> add_token(Vocab& vocab, AddedToken token) {
  constexpr std::size_t kMostGaps = 65536;
  if (token.id >= std::min(kMaxPieces, vocab.kinds.size() + kMostGaps) || token.text.empty() ||
      token.text.size() > kMaxPieceBytes) {
    return fail(Fault::bad_model, "the added token " + quote(token.text) + " with id " +
                                      std::to_string(token.id) + " is out of the limits");
  }
  while (vocab.kinds.size() <= token.id) {
    push(vocab.pieces, {});
    vocab.kinds.push_back(PieceKind::unused);
    if (!vocab.scores.empty()) vocab.scores.push_back(0);
  }
  if (view(vocab.pieces, token.id).empty()) set(vocab.pieces, token.id, token.text);
  PieceKind& kind = vocab.kinds[token.id];
  const std::string_view piece = view(vocab.pieces, token.id);
  const bool character = decode(piece.data(), piece.data() + piece.size()).bytes == piece.size();
  if (token.special && character && kind == PieceKind::normal) {
    // Some models pad with "!": what every text is made of stays text.
  } else if (token.special) {
    kind = token.id == vocab.unknown ? PieceKind::unknown : PieceKind::control;
  } else if (kind == PieceKind::unused) {
    kind = PieceKind::added;
  }
  const auto known = std::ranges::find(vocab.added, token.id, &AddedToken::id);
  if (known != vocab.added.end()) {
    *known = std::move(token);
  } else {
    vocab.added.push_back(std::move(token));
  }
  return {};
}

}  // namespace mr::text
