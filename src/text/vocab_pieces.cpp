#include <algorithm>

#include "base/quote.h"
#include "text/byte_level.h"
#include "text/vocab_json.h"

namespace mr::text {
namespace {

bool append_piece(std::string& out, std::string_view piece, bool byte_level) {
  if (byte_level) return append_unmapped(out, piece);
  out += piece;
  return true;
}

Expected<std::vector<std::string_view>> read_scored(Vocab& vocab, const json::array& items) {
  std::vector<std::string_view> pieces;
  for (const json::value& item : items) {
    const json::array* pair = item.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
        pieces.size() >= kMaxPieces) {
      return fail(Fault::bad_model, "item " + std::to_string(pieces.size()) +
                                        " of the vocab is not a piece and its score");
    }
    pieces.push_back(as_text((*pair)[0].get_string()));
    json::error_code error;
    vocab.scores.push_back((*pair)[1].to_number<double>(error));
    if (error) return fail(Fault::bad_model, "the score of " + quote(pieces.back()) + " is none");
  }
  return pieces;
}

}  // namespace

Expected<std::vector<std::string_view>> read_pieces(Vocab& vocab, const json::value& found) {
  if (const json::array* scored = found.if_array()) return read_scored(vocab, *scored);
  if (!found.is_object()) return fail(Fault::bad_model, "the vocab is no object and no array");
  constexpr std::size_t kMostGaps = 65536;
  const std::size_t limit = std::min(kMaxPieces, found.get_object().size() + kMostGaps);
  std::vector<std::string_view> pieces;
  for (const auto& [key, value] : found.get_object()) {
    const std::string_view piece(key.data(), key.size());
    json::error_code error;
    const Id id = value.to_number<Id>(error);
    if (error || id >= limit) {
      return fail(Fault::bad_model, "the id of the piece " + quote(piece) +
                                        " is not a number below " + std::to_string(limit));
    }
    if (id >= pieces.size()) pieces.resize(id + 1);
    if (pieces[id].data() != nullptr) {
      return fail(Fault::bad_model, "the pieces " + quote(pieces[id]) + " and " + quote(piece) +
                                        " have the same id " + std::to_string(id));
    }
    pieces[id] = piece;
  }
  return pieces;
}

void push_pieces(Vocab& vocab, const std::vector<std::string_view>& pieces, bool byte_level) {
  std::string bytes;
  for (const std::string_view piece : pieces) {
    bytes.clear();
    const bool usable = append_piece(bytes, piece, byte_level) && !piece.empty();
    const bool byte =
        !byte_level && vocab.byte_fallback && piece.size() == 6 && piece.starts_with("<0x");
    vocab.kinds.push_back(byte ? PieceKind::byte : usable ? PieceKind::normal : PieceKind::unused);
    push(vocab.pieces, usable ? bytes : piece);
  }
}

Expected<void> push_merge(Vocab& vocab, std::string_view left, std::string_view right,
                          bool byte_level) {
  std::string bytes;
  const bool left_read = append_piece(bytes, left, byte_level);
  const auto left_bytes = static_cast<std::uint32_t>(bytes.size());
  if (!left_read || !append_piece(bytes, right, byte_level) || left.empty() || right.empty()) {
    return fail(Fault::bad_model, "merge " + std::to_string(count(vocab.merges.texts)) +
                                      " is not two pieces: " + quote(left) + " and " +
                                      quote(right));
  }
  push(vocab.merges.texts, bytes);
  vocab.merges.left_bytes.push_back(left_bytes);
  return {};
}

}  // namespace mr::text
