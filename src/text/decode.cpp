#include <algorithm>

#include "text/stream_decoder.h"
#include "text/tokenizer.h"

namespace mr::text {
namespace {

/// Bytes at the end of a text that may be the beginning of a character.
std::size_t unfinished(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80) continue;
    const std::size_t length = byte >= 0xF0 && byte < 0xF5   ? 4
                               : byte >= 0xE0 && byte < 0xF0 ? 3
                               : byte >= 0xC2 && byte < 0xE0 ? 2
                                                             : 1;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

std::string piece_bytes(const Tokenizer& tok, Id id, bool first) {
  if (id >= n_tokens(tok)) return {};
  const std::string_view piece = view(tok.vocab.pieces, id);
  const PieceKind kind = tok.vocab.kinds[id];
  if (kind == PieceKind::byte) {
    const auto byte = std::ranges::find(tok.byte_ids, id) - tok.byte_ids.begin();
    return std::string(1, static_cast<char>(byte));
  }
  if (!tok.vocab.space_marks || kind == PieceKind::control || kind == PieceKind::unknown) {
    return std::string(piece);
  }
  std::string out;
  for (std::size_t at = 0; at < piece.size();) {
    if (piece.substr(at).starts_with(kSpaceMark)) {
      out += ' ';
      at += kSpaceMark.size();
    } else {
      out += piece[at++];
    }
  }
  if (first && tok.vocab.drop_first_space && out.starts_with(' ')) out.erase(0, 1);
  return out;
}

std::string decode(const Tokenizer& tok, std::span<const Id> ids) {
  std::string out;
  bool first = true;
  for (const Id id : ids) {
    out += piece_bytes(tok, id, first);
    first = first && is_control(tok, id);
  }
  return out;
}

std::string push(StreamDecoder& stream, Id id) {
  stream.pending += piece_bytes(*stream.tok, id, stream.first);
  stream.first = stream.first && is_control(*stream.tok, id);
  const std::size_t keep = unfinished(stream.pending);
  std::string out = stream.pending.substr(0, stream.pending.size() - keep);
  stream.pending.erase(0, out.size());
  return out;
}

std::string finish(StreamDecoder& stream) {
  return std::exchange(stream.pending, {});
}

}  // namespace mr::text
