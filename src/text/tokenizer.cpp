#include "text/tokenizer.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/quote.h"
#include "text/bpe.h"

namespace mr::text {
namespace {

Expected<void> check(const Vocab& vocab) {
  const std::size_t n = count(vocab.pieces);
  const auto wrong = [](std::string message) { return fail(Fault::bad_model, std::move(message)); };
  if (n == 0 || n > kMaxPieces) {
    return wrong("a vocabulary of " + std::to_string(n) + " pieces; the limits are 1 and " +
                 std::to_string(kMaxPieces));
  }
  if (vocab.kinds.size() != n || (!vocab.scores.empty() && vocab.scores.size() != n)) {
    return wrong(std::to_string(n) + " pieces, but " + std::to_string(vocab.kinds.size()) +
                 " kinds and " + std::to_string(vocab.scores.size()) + " scores");
  }
  const bool scored =
      vocab.algorithm == Algorithm::unigram ||
      (vocab.algorithm == Algorithm::char_bpe && vocab.merge_order == MergeOrder::by_score);
  if (scored && vocab.scores.empty()) return wrong("the pieces have no scores");
  for (const double score : vocab.scores) {
    if (!std::isfinite(score)) return wrong("a piece's score is not a finite number");
  }
  for (Id id = 0; id < n; ++id) {
    if (view(vocab.pieces, id).size() > kMaxPieceBytes) {
      return wrong("piece " + std::to_string(id) + " has " +
                   std::to_string(view(vocab.pieces, id).size()) + " bytes; the limit is " +
                   std::to_string(kMaxPieceBytes));
    }
  }
  const auto check_id = [&](Id id, std::string_view what) -> Expected<void> {
    if (id < n || id == kNoId) return {};
    return wrong("the id of " + std::string(what) + " is " + std::to_string(id) + " of " +
                 std::to_string(n) + " pieces");
  };
  MR_TRY_VOID(check_id(vocab.unknown, "the unknown token"));
  MR_TRY_VOID(check_id(vocab.bos, "the first token"));
  MR_TRY_VOID(check_id(vocab.eos, "the last token"));
  for (const Id id : vocab.prefix) MR_TRY_VOID(check_id(id, "a token put first"));
  for (const Id id : vocab.suffix) MR_TRY_VOID(check_id(id, "a token put last"));
  for (const AddedToken& token : vocab.added) {
    if (token.text.empty() || token.id >= n) {
      return wrong("the added token " + quote(token.text) + " has id " + std::to_string(token.id) +
                   " of " + std::to_string(n) + " pieces");
    }
  }
  return {};
}

/// Whether plain text may become a piece of that kind by encoding.
bool is_text(const Vocab& vocab, Id id) {
  const PieceKind kind = vocab.kinds[id];
  if (view(vocab.pieces, id).empty()) return false;
  if (kind == PieceKind::normal || kind == PieceKind::user_defined) return true;
  return kind == PieceKind::unused && vocab.algorithm != Algorithm::byte_bpe;
}

Expected<void> fill_table(Tokenizer& tok) {
  const Vocab& vocab = tok.vocab;
  const auto n = static_cast<Id>(count(vocab.pieces));
  tok.table = make_piece_table(n);
  for (const bool user_defined : {false, true}) {
    for (Id id = 0; id < n; ++id) {
      if (!is_text(vocab, id)) continue;
      if ((vocab.kinds[id] == PieceKind::user_defined) != user_defined) continue;
      if (!insert(tok.table, vocab.pieces, id) && !user_defined) {
        const Id other = find(tok.table, vocab.pieces, view(vocab.pieces, id));
        return fail(Fault::bad_model, "the pieces " + std::to_string(other) + " and " +
                                          std::to_string(id) + " are both " +
                                          quote(view(vocab.pieces, id)));
      }
    }
  }
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// The byte of a piece `<0xNN>`, or -1.
int byte_of_piece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
  const int high = hex_digit(piece[3]);
  const int low = hex_digit(piece[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

Expected<void> fill_bytes(Tokenizer& tok) {
  const Vocab& vocab = tok.vocab;
  tok.byte_ids.fill(kNoId);
  if (vocab.algorithm == Algorithm::byte_bpe) {
    for (std::size_t b = 0; b < 256; ++b) {
      const char byte = static_cast<char>(b);
      tok.byte_ids[b] = find(tok.table, vocab.pieces, {&byte, 1});
    }
    return {};
  }
  for (Id id = 0; id < vocab.kinds.size(); ++id) {
    if (vocab.kinds[id] != PieceKind::byte) continue;
    const int byte = byte_of_piece(view(vocab.pieces, id));
    if (byte < 0) {
      return fail(Fault::bad_model, "piece " + std::to_string(id) +
                                        " is said to be a byte, but is " +
                                        quote(view(vocab.pieces, id)));
    }
    tok.byte_ids[static_cast<std::size_t>(byte)] = id;
  }
  return {};
}

/// The tries of added tokens. Those that are matched in normalized text are written as
/// normalization writes them.
Expected<void> fill_added(Tokenizer& tok) {
  std::vector<TrieEntry> raw;
  std::vector<TrieEntry> normalized;
  const Trie none = make_trie({});
  auto& added = tok.vocab.added;
  for (Id i = 0; i < added.size(); ++i) {
    if (added[i].normalized && !tok.normalizer.stages.empty() &&
        tok.normalizer.stages[0].step.kind != NormalStep::Kind::sentencepiece) {
      std::string text;
      MR_TRY_VOID(normalize(tok.normalizer, added[i].text, none, text));
      added[i].text = std::move(text);
    }
    if (added[i].text.empty()) continue;
    (added[i].normalized ? normalized : raw).push_back({added[i].text, i});
  }
  tok.added = make_trie(std::move(raw));
  tok.added_normalized = make_trie(std::move(normalized));
  return {};
}

void fill_unigram(Tokenizer& tok) {
  const Vocab& vocab = tok.vocab;
  std::vector<TrieEntry> entries;
  double lowest = std::numeric_limits<double>::max();
  double highest = std::numeric_limits<double>::lowest();
  for (Id id = 0; id < vocab.kinds.size(); ++id) {
    if (vocab.kinds[id] == PieceKind::normal ||
        (vocab.double_scores && vocab.kinds[id] != PieceKind::added)) {
      lowest = std::min(lowest, vocab.scores[id]);
      highest = std::max(highest, vocab.scores[id]);
    }
    if (is_text(vocab, id) && vocab.kinds[id] != PieceKind::unused) {
      entries.push_back({view(vocab.pieces, id), id});
    }
  }
  constexpr double kUnknownPenalty = 10;
  tok.unknown_score = lowest - kUnknownPenalty;
  tok.highest_score = highest;
  tok.unigram = make_trie(std::move(entries));
}

}  // namespace

Expected<Tokenizer> make_tokenizer(Vocab vocab) {
  MR_TRY_VOID(check(vocab));
  Tokenizer tok;
  tok.vocab = std::move(vocab);
  tok.whole = std::make_unique<std::atomic<std::uint8_t>[]>(tok.vocab.kinds.size());
  MR_TRY(tok.splitter, make_splitter(tok.vocab.splits));
  MR_TRY(tok.normalizer, make_normalizer(tok.vocab.normalizer));
  MR_TRY_VOID(fill_added(tok));
  MR_TRY_VOID(fill_table(tok));
  MR_TRY_VOID(fill_bytes(tok));
  if (tok.vocab.algorithm == Algorithm::unigram) {
    if (tok.vocab.unknown == kNoId && !tok.vocab.byte_fallback) {
      return fail(Fault::bad_model, "a unigram vocabulary without an unknown token");
    }
    fill_unigram(tok);
  } else {
    MR_TRY_VOID(fill_pairs(tok));
  }
  return tok;
}

bool is_control(const Tokenizer& tok, Id id) {
  if (id >= n_tokens(tok)) return false;
  const PieceKind kind = tok.vocab.kinds[id];
  return kind == PieceKind::control || kind == PieceKind::unknown || id == tok.vocab.bos ||
         id == tok.vocab.eos;
}

}  // namespace mr::text
