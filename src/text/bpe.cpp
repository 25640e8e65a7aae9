#include "text/bpe.h"

#include <algorithm>
#include <bit>

#include "base/quote.h"
#include "text/merge.h"

namespace mr::text {
namespace {

enum Whole : std::uint8_t { not_known, yes, no };

std::size_t first_character(std::string_view text) {
  return decode(text.data(), text.data() + text.size()).bytes;
}

std::size_t join_bit(const Tokenizer& tok, Id left, Id right) {
  const std::uint64_t key = (static_cast<std::uint64_t>(left) << 32) | right;
  return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15U) >> 32) & (64 * tok.joins.size() - 1);
}

bool can_join(const Tokenizer& tok, Id left, Id right) {
  const std::size_t bit = join_bit(tok, left, right);
  return (tok.joins[bit / 64] >> (bit % 64)) & 1U;
}

Id character_id(const Tokenizer& tok, std::string_view character) {
  if (character.size() == 1) return tok.ascii_ids[static_cast<unsigned char>(character[0])];
  return find(tok.table, tok.vocab.pieces, character);
}

/// Whether a piece is in the vocabulary as one that text does not become.
bool is_special_piece(const Vocab& vocab, std::string_view piece) {
  for (Id id = 0; id < vocab.kinds.size(); ++id) {
    if (vocab.kinds[id] != PieceKind::normal && view(vocab.pieces, id) == piece) return true;
  }
  return false;
}

Expected<void> fill_listed(Tokenizer& tok) {
  const Merges& merges = tok.vocab.merges;
  const std::size_t n = count(merges.texts);
  tok.pairs = make_pair_table(n);
  for (Id i = 0; i < n; ++i) {
    const std::string_view text = view(merges.texts, i);
    const std::size_t left_bytes = merges.left_bytes[i];
    const Id left = find(tok.table, tok.vocab.pieces, text.substr(0, left_bytes));
    const Id right = find(tok.table, tok.vocab.pieces, text.substr(left_bytes));
    const Id merged = find(tok.table, tok.vocab.pieces, text);
    if (left == kNoId || right == kNoId || merged == kNoId) {
      const std::string_view missing = left == kNoId    ? text.substr(0, left_bytes)
                                       : right == kNoId ? text.substr(left_bytes)
                                                        : text;
      if (is_special_piece(tok.vocab, missing)) continue;  // text is not to become that
      return fail(Fault::bad_model, "merge " + std::to_string(i) + " names " + quote(missing) +
                                        ", which is not in the vocabulary");
    }
    insert(tok.pairs, left, right, {i, merged});
  }
  return {};
}

/// Every cut of every piece into two pieces. Characters that are no pieces become ids past those
/// of the vocabulary, so that pieces can be merged from them.
void fill_derived(Tokenizer& tok, const std::vector<std::uint32_t>& ranks) {
  const bool bytes = tok.vocab.algorithm == Algorithm::byte_bpe;
  const auto n = static_cast<Id>(n_tokens(tok));
  Pieces& pieces = tok.vocab.pieces;
  tok.pairs = make_pair_table(4 * static_cast<std::size_t>(n));
  for (Id id = 0; id < n; ++id) {
    std::string piece(view(pieces, id));
    if (find(tok.table, pieces, piece) != id) continue;
    for (std::size_t cut = 0; cut < piece.size();) {
      const std::size_t step = bytes ? 1 : first_character(std::string_view(piece).substr(cut));
      const std::string_view one = std::string_view(piece).substr(cut, step);
      if (!bytes && find(tok.table, pieces, one) == kNoId) {
        push(pieces, one);
        insert(tok.table, pieces, static_cast<Id>(count(pieces) - 1));
      }
      cut += step;
    }
    for (std::size_t cut = 0; cut < piece.size();) {
      cut += bytes ? 1 : first_character(std::string_view(piece).substr(cut));
      if (cut == piece.size()) break;
      const Id left = find(tok.table, pieces, std::string_view(piece).substr(0, cut));
      const Id right = find(tok.table, pieces, std::string_view(piece).substr(cut));
      if (left != kNoId && right != kNoId) insert(tok.pairs, left, right, {ranks[id], id});
    }
  }
}

/// Ranks by descending score; equal scores share one.
std::vector<std::uint32_t> ranks_by_score(const std::vector<double>& scores) {
  std::vector<double> sorted = scores;
  std::ranges::sort(sorted, std::greater{});
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<std::uint32_t> ranks;
  for (const double score : scores) {
    const auto at = std::ranges::lower_bound(sorted, score, std::greater{}) - sorted.begin();
    ranks.push_back(static_cast<std::uint32_t>(at));
  }
  return ranks;
}

/// Which characters the last of a left half and the first of a right half can be.
void fill_joins(Tokenizer& tok) {
  constexpr std::size_t kFewestBits = 1U << 16;
  constexpr std::size_t kMostBits = 1U << 22;
  tok.joins.assign(std::clamp(std::bit_ceil(4 * tok.pairs.n), kFewestBits, kMostBits) / 64, 0);
  const auto last_character = [](std::string_view text) {
    std::size_t at = 0;
    for (std::size_t next = 0; next < text.size(); next += first_character(text.substr(next))) {
      at = next;
    }
    return text.substr(at);
  };
  const Pieces& pieces = tok.vocab.pieces;
  for (const auto& slot : tok.pairs.slots) {
    if (slot.key == PairTable::Slot::kEmpty) continue;
    const std::string_view left = view(pieces, static_cast<Id>(slot.key >> 32));
    const std::string_view right = view(pieces, static_cast<Id>(slot.key));
    const std::size_t bit = join_bit(tok, character_id(tok, last_character(left)),
                                     character_id(tok, right.substr(0, first_character(right))));
    tok.joins[bit / 64] |= 1ULL << (bit % 64);
  }
}

/// Whether merging the piece's own text gives the piece.
bool is_whole(const Tokenizer& tok, Id id, std::vector<Id>& symbols) {
  if (id >= n_tokens(tok) || tok.vocab.kinds[id] == PieceKind::unused) return false;
  std::atomic<std::uint8_t>& known = tok.whole[id];
  const std::uint8_t state = known.load(std::memory_order_relaxed);
  if (state != not_known) return state == yes;
  const std::string_view piece = view(tok.vocab.pieces, id);
  symbols.clear();
  for (std::size_t at = 0; at < piece.size();) {
    if (tok.vocab.algorithm == Algorithm::byte_bpe) {
      symbols.push_back(tok.byte_ids[static_cast<unsigned char>(piece[at++])]);
    } else {
      const std::size_t n = first_character(piece.substr(at));
      symbols.push_back(character_id(tok, piece.substr(at, n)));
      at += n;
    }
  }
  merge(tok.pairs, symbols);
  const bool whole = symbols.size() == 1 && symbols[0] == id;
  known.store(whole ? yes : no, std::memory_order_relaxed);
  return whole;
}

/// Cuts an unused piece, which only helped to merge others, into the halves it came from.
void append_used(const Tokenizer& tok, Id id, std::vector<Id>& out) {
  const std::string_view piece = view(tok.vocab.pieces, id);
  if (id < n_tokens(tok) && tok.vocab.kinds[id] == PieceKind::unused) {
    Id halves[2] = {kNoId, kNoId};
    for (std::size_t cut = first_character(piece); cut < piece.size();
         cut += first_character(piece.substr(cut))) {
      const Id left = find(tok.table, tok.vocab.pieces, piece.substr(0, cut));
      const Id right = find(tok.table, tok.vocab.pieces, piece.substr(cut));
      if (left == kNoId || right == kNoId) continue;
      halves[0] = left;
      halves[1] = right;
    }
    if (halves[0] != kNoId) {
      append_used(tok, halves[0], out);
      append_used(tok, halves[1], out);
      return;
    }
  }
  if (id < n_tokens(tok) && tok.vocab.kinds[id] != PieceKind::unused) {
    out.push_back(id);
    return;
  }
  bool after_unknown = !out.empty() && out.back() == tok.vocab.unknown;
  encode_unknown(tok, piece, out, after_unknown);
}

}  // namespace

Expected<void> fill_pairs(Tokenizer& tok) {
  if (tok.vocab.merge_order == MergeOrder::listed) {
    MR_TRY_VOID(fill_listed(tok));
  } else if (tok.vocab.merge_order == MergeOrder::by_score) {
    fill_derived(tok, ranks_by_score(tok.vocab.scores));
  } else {
    std::vector<std::uint32_t> ranks(n_tokens(tok));
    for (Id id = 0; id < ranks.size(); ++id) ranks[id] = id;
    fill_derived(tok, ranks);
  }
  for (std::size_t b = 0; b < 256; ++b) {
    const char byte = static_cast<char>(b);
    tok.ascii_ids[b] = find(tok.table, tok.vocab.pieces, {&byte, 1});
  }
  tok.mark_id = find(tok.table, tok.vocab.pieces, kSpaceMark);
  if (tok.vocab.algorithm == Algorithm::char_bpe) fill_joins(tok);
  return {};
}

void encode_unknown(const Tokenizer& tok, std::string_view character, std::vector<Id>& out,
                    bool& after_unknown) {
  const auto byte_id = [&](char c) { return tok.byte_ids[static_cast<unsigned char>(c)]; };
  if (tok.vocab.byte_fallback &&
      std::ranges::all_of(character, [&](char c) { return byte_id(c) != kNoId; })) {
    for (const char c : character) out.push_back(byte_id(c));
    after_unknown = false;
    return;
  }
  if (tok.vocab.unknown == kNoId) return;
  if (!after_unknown || !tok.vocab.fuse_unknown) out.push_back(tok.vocab.unknown);
  after_unknown = true;
}

void encode_bytes(const Tokenizer& tok, std::string_view word, std::vector<Id>& symbols,
                  std::vector<Id>& out) {
  const Id whole = find(tok.table, tok.vocab.pieces, word);
  if (whole != kNoId && (tok.vocab.whole_word_first || is_whole(tok, whole, symbols))) {
    out.push_back(whole);
    return;
  }
  symbols.clear();
  for (const char c : word) {
    const Id id = tok.byte_ids[static_cast<unsigned char>(c)];
    if (id != kNoId) {
      symbols.push_back(id);
    } else if (tok.vocab.unknown != kNoId) {
      symbols.push_back(tok.vocab.unknown);
    }
  }
  merge(tok.pairs, symbols);
  out.insert(out.end(), symbols.begin(), symbols.end());
}

void encode_characters(const Tokenizer& tok, std::string_view text, std::vector<Id>& symbols,
                       std::vector<Id>& out) {
  if (tok.vocab.whole_word_first) {
    const Id whole = find(tok.table, tok.vocab.pieces, text);
    if (whole != kNoId && whole < n_tokens(tok)) {
      out.push_back(whole);
      return;
    }
  }
  bool after_unknown = false;
  std::vector<Id> scratch;
  const auto finish = [&](std::size_t begin, std::size_t end) {
    if (begin == end) return;
    after_unknown = false;
    const Id whole = find(tok.table, tok.vocab.pieces, text.substr(begin, end - begin));
    if (whole != kNoId && is_whole(tok, whole, scratch)) {
      out.push_back(whole);
    } else {
      merge(tok.pairs, symbols);
      for (const Id id : symbols) {
        if (id < n_tokens(tok) && tok.vocab.kinds[id] != PieceKind::unused) {
          out.push_back(id);
        } else {
          append_used(tok, id, out);
        }
      }
    }
    symbols.clear();
  };
  symbols.clear();
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const bool mark = text[at] == kSpaceMark[0] && text.substr(at).starts_with(kSpaceMark);
    const std::size_t n = mark ? kSpaceMark.size() : first_character(text.substr(at));
    const Id id = mark ? tok.mark_id : character_id(tok, text.substr(at, n));
    const bool dropped = id == kNoId && tok.vocab.unknown == kNoId && !tok.vocab.byte_fallback;
    if (dropped) {  // what stands around it is merged as if it were not there
      at += n;
      continue;
    }
    if (id == kNoId) {
      finish(begin, at);
      encode_unknown(tok, text.substr(at, n), out, after_unknown);
      begin = at + n;
    } else {
      if (!symbols.empty() && !can_join(tok, symbols.back(), id)) {
        finish(begin, at);
        begin = at;
      }
      symbols.push_back(id);
    }
    at += n;
  }
  finish(begin, text.size());
}

}  // namespace mr::text
