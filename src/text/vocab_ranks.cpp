#include <charconv>
#include <vector>

#include "base/quote.h"
#include "text/base64.h"
#include "text/vocab_read.h"

namespace mr::text {
namespace {

struct Known {
  std::string_view pre;
  Id id;
  std::string_view text;
  bool first = false;  // put before a text
};

// Special tokens that rank files do not hold. A tokenizer_config.json beside the file adds others.
constexpr Known kSpecials[] = {
    {"r50k_base", 50256, "<|endoftext|>"},
    {"cl100k_base", 100257, "<|endoftext|>"},
    {"cl100k_base", 100258, "<|fim_prefix|>"},
    {"cl100k_base", 100259, "<|fim_middle|>"},
    {"cl100k_base", 100260, "<|fim_suffix|>"},
    {"cl100k_base", 100276, "<|endofprompt|>"},
    {"o200k_base", 199999, "<|endoftext|>"},
    {"o200k_base", 200018, "<|endofprompt|>"},
    {"gpt-oss", 199998, "<|startoftext|>"},
    {"gpt-oss", 199999, "<|endoftext|>"},
    {"gpt-oss", 200002, "<|return|>"},
    {"gpt-oss", 200003, "<|constrain|>"},
    {"gpt-oss", 200005, "<|channel|>"},
    {"gpt-oss", 200006, "<|start|>"},
    {"gpt-oss", 200007, "<|end|>"},
    {"gpt-oss", 200008, "<|message|>"},
    {"gpt-oss", 200012, "<|call|>"},
    {"gpt-oss", 200018, "<|endofprompt|>"},
    {"llama3", 128000, "<|begin_of_text|>", true},
    {"llama3", 128001, "<|end_of_text|>"},
    {"llama3", 128006, "<|start_header_id|>"},
    {"llama3", 128007, "<|end_header_id|>"},
    {"llama3", 128009, "<|eot_id|>"},
    {"llama4", 200000, "<|begin_of_text|>", true},
    {"llama4", 200001, "<|end_of_text|>"},
    {"llama4", 200005, "<|header_start|>"},
    {"llama4", 200006, "<|header_end|>"},
    {"llama4", 200007, "<|eom|>"},
    {"llama4", 200008, "<|eot|>"},
};

/// Parses one line, `base64 rank`.
Expected<Id> read_line(std::string_view line, std::size_t number, std::size_t limit,
                       std::string& bytes) {
  const std::size_t space = line.find(' ');
  Id rank = kNoId;
  bytes.clear();
  if (space != std::string_view::npos && append_base64(bytes, line.substr(0, space))) {
    const char* const end = line.data() + line.size();
    const auto parsed = std::from_chars(line.data() + space + 1, end, rank);
    if (parsed.ec == std::errc() && parsed.ptr == end && rank < limit && !bytes.empty()) {
      return rank;
    }
  }
  return fail(Fault::bad_model, "line " + std::to_string(number) +
                                    " of the rank file is not base64 and a rank below " +
                                    std::to_string(limit) + ": " + quote(line));
}

}  // namespace

Expected<Vocab> vocab_from_ranks(std::string_view ranks, std::string_view pre) {
  Vocab vocab;
  vocab.algorithm = Algorithm::byte_bpe;
  vocab.merge_order = MergeOrder::by_id;
  MR_TRY_VOID(set_pre(vocab, pre));
  vocab.whole_word_first = true;
  std::vector<std::string> by_id;
  const std::size_t limit = std::min(kMaxPieces, ranks.size());  // few ranks may be left out
  std::string bytes;
  for (std::size_t at = 0, number = 1; at < ranks.size(); ++number) {
    const std::size_t end = std::min(ranks.find('\n', at), ranks.size());
    std::string_view line = ranks.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    MR_TRY(const Id rank, read_line(line, number, limit, bytes));
    if (rank >= by_id.size()) by_id.resize(rank + 1);
    if (!by_id[rank].empty()) {
      return fail(Fault::bad_model, "line " + std::to_string(number) +
                                        " of the rank file gives rank " + std::to_string(rank) +
                                        " a second time");
    }
    by_id[rank] = bytes;
  }
  for (const std::string& piece : by_id) {
    push(vocab.pieces, piece);
    vocab.kinds.push_back(piece.empty() ? PieceKind::unused : PieceKind::normal);
  }
  const std::size_t n_ranks = by_id.size();
  for (const Known& known : kSpecials) {  // of the whole vocabularies, not of cut or trained ones
    if (known.pre != pre || known.id + 64 < n_ranks || known.id > n_ranks + 64) continue;
    MR_TRY_VOID(
        add_token(vocab, {.id = known.id, .text = std::string(known.text), .special = true}));
    if (!known.first) continue;
    vocab.bos = known.id;
    vocab.prefix = {known.id};
  }
  return vocab;
}

}  // namespace mr::text
