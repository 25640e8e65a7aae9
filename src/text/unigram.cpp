#include "text/unigram.h"

#include "text/bpe.h"

namespace mr::text {
namespace {

/// The best way to some place in the text: its last piece and its score.
template <typename Real>
struct Best {
  Real score = 0;
  Id id = kNoId;
  std::uint32_t start = 0xFFFFFFFFU;  // where the piece begins; this value: not reached
};

template <typename Real>
void encode_by(const Tokenizer& tok, std::string_view text, std::vector<Id>& out) {
  const Vocab& vocab = tok.vocab;
  std::vector<Best<Real>> best(text.size() + 1);
  const auto offer = [&](std::size_t start, std::size_t end, Real score, Id id) {
    Best<Real>& target = best[end];
    if (target.start != Best<Real>{}.start && score <= target.score) return;
    target = {score, id, static_cast<std::uint32_t>(start)};
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t character = decode(text.data() + at, text.data() + text.size()).bytes;
    const Real before = best[at].score;
    bool single = false;
    std::uint32_t node = 0;
    for (std::size_t end = at; end < text.size();) {
      node = child(tok.unigram, node, text[end++]);
      if (node == 0) break;
      const Id id = tok.unigram.nodes[node].value;
      if (id == kNoId) continue;
      auto score = static_cast<Real>(vocab.scores[id]);
      if (vocab.kinds[id] == PieceKind::user_defined) {  // is to be chosen always
        score = static_cast<Real>(static_cast<double>(end - at) * tok.highest_score - 0.1);
      }
      offer(at, end, score + before, id);
      single |= end - at == character;
    }
    if (!single) {
      offer(at, at + character, static_cast<Real>(tok.unknown_score) + before, kNoId);
    }
    at += character;
  }
  std::vector<std::uint32_t> ends;
  for (std::size_t end = text.size(); end > 0; end = best[end].start) {
    ends.push_back(static_cast<std::uint32_t>(end));
  }
  bool after_unknown = false;
  for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
    const Best<Real>& piece = best[*end];
    if (piece.id == kNoId) {
      encode_unknown(tok, text.substr(piece.start, *end - piece.start), out, after_unknown);
    } else {
      out.push_back(piece.id);
      after_unknown = false;
    }
  }
}

}  // namespace

void encode_unigram(const Tokenizer& tok, std::string_view text, std::vector<Id>& out) {
  if (tok.vocab.double_scores) {
    encode_by<double>(tok, text, out);
  } else {
    encode_by<float>(tok, text, out);
  }
}

}  // namespace mr::text
