#include <algorithm>

#include "base/quote.h"
#include "text/byte_level.h"
#include "text/vocab_json.h"
#include "text/vocab_read.h"

namespace mr::text {
namespace {

constexpr std::string_view kModel = "tokenizer.ggml.model";
constexpr std::string_view kTokens = "tokenizer.ggml.tokens";

Expected<void> read_kinds(const gguf::File& file, Vocab& vocab, std::size_t n) {
  vocab.kinds.assign(n, PieceKind::normal);
  constexpr std::string_view kTypes = "tokenizer.ggml.token_type";
  if (gguf::find(file, kTypes) == nullptr) return {};
  MR_TRY(const auto types, gguf::get_array<std::int32_t>(file, kTypes, kMaxPieces));
  if (types.size() != n) {
    return fail(Fault::bad_model, std::string(kTypes) + " has " + std::to_string(types.size()) +
                                      " items, the vocabulary " + std::to_string(n));
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (types[i] >= 1 && types[i] <= 6) vocab.kinds[i] = static_cast<PieceKind>(types[i]);
  }
  return {};
}

/// Pieces of a byte-level vocabulary are written in GPT-2's alphabet, tokens added to it are not.
/// A piece that is neither is never met.
void add_byte_level(Vocab& vocab, const std::vector<std::string_view>& tokens) {
  std::string bytes;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    bytes.clear();
    const bool written = vocab.kinds[i] == PieceKind::normal || vocab.kinds[i] == PieceKind::byte;
    if (written && append_unmapped(bytes, tokens[i])) {
      vocab.kinds[i] = PieceKind::normal;
    } else {
      bytes = tokens[i];
      if (written) vocab.kinds[i] = PieceKind::unused;
    }
    push(vocab.pieces, bytes);
  }
}

Expected<void> read_merges(const gguf::File& file, Vocab& vocab) {
  MR_TRY(const auto merges,
         gguf::get_array<std::string_view>(file, "tokenizer.ggml.merges", 4 * kMaxPieces));
  for (const std::string_view merge : merges) {
    const std::size_t space = merge.find(' ');
    const auto right = space == std::string_view::npos ? "" : merge.substr(space + 1);
    MR_TRY_VOID(push_merge(vocab, merge.substr(0, space), right, true));
  }
  return {};
}

Expected<void> read_sentencepiece(const gguf::File& file, Vocab& vocab) {
  vocab.space_marks = true;
  vocab.fuse_unknown = true;
  vocab.byte_fallback = std::ranges::find(vocab.kinds, PieceKind::byte) != vocab.kinds.end();
  MR_TRY(vocab.scores, gguf::get_array<double>(file, "tokenizer.ggml.scores", kMaxPieces));
  NormalStep step{.kind = NormalStep::Kind::sentencepiece};
  MR_TRY(step.dummy_prefix, gguf::get_or(file, "tokenizer.ggml.add_space_prefix", true));
  MR_TRY(step.remove_extra_spaces, gguf::get_or(file, "tokenizer.ggml.remove_extra_whitespaces",
                                                vocab.algorithm == Algorithm::unigram));
  constexpr std::string_view kMap = "tokenizer.ggml.precompiled_charsmap";
  if (const gguf::Value* map = gguf::find(file, kMap)) {
    const auto* bytes = std::get_if<gguf::Array>(&map->data);
    if (bytes == nullptr || gguf::value_bytes(bytes->item) != 1) {
      return fail(Fault::bad_model, std::string(kMap) + " is not an array of bytes");
    }
    step.from.assign(reinterpret_cast<const char*>(bytes->raw.data()), bytes->raw.size());
  }
  vocab.drop_first_space = step.dummy_prefix;
  vocab.normalizer.push_back(std::move(step));
  return {};
}

Expected<void> read_special(const gguf::File& file, Vocab& vocab) {
  const bool unigram = vocab.algorithm == Algorithm::unigram;
  const bool llama = vocab.algorithm == Algorithm::char_bpe;
  const auto id = [&](const char* name, Id fallback) {
    return gguf::get_or<std::uint32_t>(file, std::string("tokenizer.ggml.") + name, fallback);
  };
  MR_TRY(vocab.bos, id("bos_token_id", llama ? 1 : kNoId));
  MR_TRY(vocab.eos, id("eos_token_id", llama ? 2 : unigram ? 1 : kNoId));
  MR_TRY(vocab.unknown, id("unknown_token_id", llama ? 0 : unigram ? 2 : kNoId));
  const bool llama3 = !vocab.splits.empty() && vocab.splits[0].text == "llama3";
  MR_TRY(const bool add_bos, gguf::get_or(file, "tokenizer.ggml.add_bos_token", llama || llama3));
  MR_TRY(const bool add_eos, gguf::get_or(file, "tokenizer.ggml.add_eos_token", unigram));
  if (add_bos && vocab.bos != kNoId) vocab.prefix.push_back(vocab.bos);
  if (add_eos && vocab.eos != kNoId) vocab.suffix.push_back(vocab.eos);
  if (vocab.algorithm == Algorithm::byte_bpe) vocab.unknown = kNoId;  // every byte is known
  return {};
}

}  // namespace

Expected<Vocab> vocab_from_gguf(const gguf::File& file) {
  MR_TRY(const auto model, gguf::get<std::string_view>(file, kModel));
  MR_TRY(const auto tokens, gguf::get_array<std::string_view>(file, kTokens, kMaxPieces));
  Vocab vocab;
  MR_TRY_VOID(read_kinds(file, vocab, tokens.size()));
  if (model == "gpt2") {
    vocab.algorithm = Algorithm::byte_bpe;
    MR_TRY(const auto pre, gguf::get_or<std::string_view>(file, "tokenizer.ggml.pre", "default"));
    MR_TRY_VOID(set_pre(vocab, pre));
    add_byte_level(vocab, tokens);
    MR_TRY_VOID(read_merges(file, vocab));
  } else if (model == "llama" || model == "t5") {
    vocab.algorithm = model == "t5" ? Algorithm::unigram : Algorithm::char_bpe;
    vocab.merge_order = MergeOrder::by_score;
    for (const std::string_view token : tokens) push(vocab.pieces, token);
    MR_TRY_VOID(read_sentencepiece(file, vocab));
  } else {
    return fail(Fault::bad_model,
                std::string(kModel) + " is " + quote(model) + "; wanted gpt2, llama or t5");
  }
  MR_TRY_VOID(read_special(file, vocab));
  for (Id id = 0; id < tokens.size(); ++id) {
    const PieceKind kind = vocab.kinds[id];
    if (kind != PieceKind::control && kind != PieceKind::user_defined &&
        kind != PieceKind::unknown) {
      continue;
    }
    if (tokens[id].empty()) continue;
    const bool user_defined = kind == PieceKind::user_defined;
    vocab.added.push_back({.id = id,
                           .text = std::string(tokens[id]),
                           .special = !user_defined,
                           .normalized = user_defined && model != "gpt2"});
  }
  return vocab;
}

}  // namespace mr::text
