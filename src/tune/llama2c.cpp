#include "tune/llama2c.h"

#include <cstdlib>

#include "base/quote.h"
#include "io/cursor.h"
#include "io/gguf_write.h"
#include "sys/mapped_file.h"
#include "text/vocab_read.h"

namespace mr::llama2c {
namespace {

constexpr std::int32_t kMaxSize = 1 << 20;

struct Shape {
  std::uint32_t dim = 0;
  std::uint32_t hidden = 0;
  std::uint32_t n_layers = 0;
  std::uint32_t n_heads = 0;
  std::uint32_t n_kv_heads = 0;
  std::uint32_t vocab = 0;
  std::uint32_t ctx = 0;
  bool tied = false;
};

struct Size {
  std::uint64_t columns = 0;
  std::uint64_t rows = 1;
};

Expected<Shape> read_shape(io::Cursor& cursor) {
  std::int32_t numbers[7];
  const char* const kNames[7] = {"dim",      "hidden dim", "layers", "heads",
                                 "kv heads", "vocab size", "context"};
  for (int i = 0; i < 7; ++i) {
    MR_TRY(numbers[i], io::read<std::int32_t>(cursor, kNames[i]));
    const bool may_be_negative = i == 5;
    const std::int32_t low = may_be_negative ? -kMaxSize : 1;
    if (numbers[i] < low || numbers[i] > kMaxSize || numbers[i] == 0) {
      return fail(Fault::bad_model, std::string(kNames[i]) + ": wanted 1 to " +
                                        std::to_string(kMaxSize) + ", found " +
                                        std::to_string(numbers[i]));
    }
  }
  const auto size = [&](int i) { return static_cast<std::uint32_t>(std::abs(numbers[i])); };
  const Shape shape{size(0), size(1), size(2), size(3), size(4), size(5), size(6), numbers[5] > 0};
  if (shape.dim % shape.n_heads != 0 || shape.n_heads % shape.n_kv_heads != 0) {
    return fail(Fault::bad_model, "heads: do not divide the dim, or kv heads the heads");
  }
  return shape;
}

Expected<void> add_tensor(gguf::Draft& draft, io::Cursor& cursor, const std::string& name,
                          Size size) {
  gguf::DraftTensor tensor{.name = name, .view = {}};
  tensor.view.n_dims = size.rows > 1 ? 2 : 1;
  tensor.view.dim[0] = size.columns;
  tensor.view.dim[1] = size.rows;
  tensor.view.bytes = 4 * size.columns * size.rows;
  MR_TRY(const auto data, io::take(cursor, tensor.view.bytes, name));
  tensor.view.data = data.data();
  draft.tensors.push_back(std::move(tensor));
  return {};
}

Expected<void> add_layers(gguf::Draft& draft, io::Cursor& cursor, const Shape& s, const char* name,
                          Size size) {
  for (std::uint32_t i = 0; i < s.n_layers; ++i) {
    const std::string full_name = "blk." + std::to_string(i) + "." + name + ".weight";
    MR_TRY_VOID(add_tensor(draft, cursor, full_name, size));
  }
  return {};
}

Expected<void> add_tensors(gguf::Draft& draft, io::Cursor& cursor, const Shape& s) {
  const std::uint64_t kv = std::uint64_t{s.dim / s.n_heads} * s.n_kv_heads;
  MR_TRY_VOID(add_tensor(draft, cursor, "token_embd.weight", {s.dim, s.vocab}));
  MR_TRY_VOID(add_layers(draft, cursor, s, "attn_norm", {s.dim}));
  MR_TRY_VOID(add_layers(draft, cursor, s, "attn_q", {s.dim, s.dim}));
  MR_TRY_VOID(add_layers(draft, cursor, s, "attn_k", {s.dim, kv}));
  MR_TRY_VOID(add_layers(draft, cursor, s, "attn_v", {s.dim, kv}));
  MR_TRY_VOID(add_layers(draft, cursor, s, "attn_output", {s.dim, s.dim}));
  MR_TRY_VOID(add_layers(draft, cursor, s, "ffn_norm", {s.dim}));
  MR_TRY_VOID(add_layers(draft, cursor, s, "ffn_gate", {s.dim, s.hidden}));
  MR_TRY_VOID(add_layers(draft, cursor, s, "ffn_down", {s.hidden, s.dim}));
  MR_TRY_VOID(add_layers(draft, cursor, s, "ffn_up", {s.dim, s.hidden}));
  MR_TRY_VOID(add_tensor(draft, cursor, "output_norm.weight", {s.dim}));
  const std::uint64_t rope_bytes = 4ULL * s.ctx * (s.dim / s.n_heads);  // two tables of half each
  MR_TRY_VOID(io::take(cursor, rope_bytes, "RoPE tables"));
  if (!s.tied) MR_TRY_VOID(add_tensor(draft, cursor, "output.weight", {s.dim, s.vocab}));
  if (io::remaining(cursor) == 0) return {};
  return fail(Fault::bad_model, std::to_string(io::remaining(cursor)) +
                                    " bytes after the last tensor: not a llama2.c file");
}

void put_shape(gguf::Draft& draft, const Shape& s) {
  gguf::put<std::string_view>(draft, "general.architecture", "llama");
  gguf::put<std::string_view>(draft, "general.name", "llama2.c model");
  gguf::put<std::uint32_t>(draft, "general.file_type", 0);
  gguf::put(draft, "llama.vocab_size", s.vocab);
  gguf::put(draft, "llama.context_length", s.ctx);
  gguf::put(draft, "llama.embedding_length", s.dim);
  gguf::put(draft, "llama.block_count", s.n_layers);
  gguf::put(draft, "llama.feed_forward_length", s.hidden);
  gguf::put(draft, "llama.attention.head_count", s.n_heads);
  gguf::put(draft, "llama.attention.head_count_kv", s.n_kv_heads);
  gguf::put(draft, "llama.attention.layer_norm_rms_epsilon", 1e-5F);
  gguf::put(draft, "llama.rope.dimension_count", s.dim / s.n_heads);
  gguf::put(draft, "llama.rope.freq_base", 10000.0F);
}

void put_tokenizer(gguf::Draft& draft, const text::Vocab& vocab) {
  std::vector<std::string_view> pieces;
  std::vector<std::int32_t> types;
  for (text::Id id = 0; id < vocab.kinds.size(); ++id) {
    pieces.push_back(text::view(vocab.pieces, id));
    types.push_back(static_cast<std::int32_t>(vocab.kinds[id]));
  }
  const std::vector<float> scores(vocab.scores.begin(), vocab.scores.end());
  gguf::put<std::string_view>(draft, "tokenizer.ggml.model", "llama");
  gguf::put<std::string_view>(draft, "tokenizer.ggml.pre", "default");
  gguf::put_array<std::string_view>(draft, "tokenizer.ggml.tokens", pieces);
  gguf::put_array<float>(draft, "tokenizer.ggml.scores", scores);
  gguf::put_array<std::int32_t>(draft, "tokenizer.ggml.token_type", types);
  gguf::put(draft, "tokenizer.ggml.bos_token_id", vocab.bos);
  gguf::put(draft, "tokenizer.ggml.eos_token_id", vocab.eos);
  gguf::put(draft, "tokenizer.ggml.unknown_token_id", vocab.unknown);
  gguf::put(draft, "tokenizer.ggml.add_bos_token", true);
  gguf::put(draft, "tokenizer.ggml.add_eos_token", false);
  gguf::put(draft, "tokenizer.ggml.add_space_prefix", vocab.normalizer[0].dummy_prefix);
}

/// The bytes of a file as text.
std::string_view as_text(const sys::MappedFile& file) {
  return {reinterpret_cast<const char*>(file.data), static_cast<std::size_t>(file.bytes)};
}

}  // namespace

Expected<void> convert(const Source& source, const std::string& gguf_path) {
  MR_TRY(const auto weights, sys::map_file(source.weights));
  MR_TRY(const auto tokenizer, sys::map_file(source.tokenizer));
  io::Cursor cursor{sys::bytes(weights)};
  const auto shape = read_shape(cursor);
  if (!shape) return fail_at(quote(source.weights), shape.error());
  const auto vocab = text::vocab_from_sentencepiece(as_text(tokenizer));
  if (!vocab) return fail_at(quote(source.tokenizer), vocab.error());
  if (vocab->kinds.size() != shape->vocab || vocab->algorithm != text::Algorithm::char_bpe) {
    return fail(Fault::bad_model, quote(source.tokenizer) + ": wanted a BPE vocabulary of " +
                                      std::to_string(shape->vocab) + ", found " +
                                      std::to_string(vocab->kinds.size()) + " pieces");
  }
  gguf::Draft draft;
  put_shape(draft, *shape);
  put_tokenizer(draft, *vocab);
  const auto added = add_tensors(draft, cursor, *shape);
  if (!added) return fail_at(quote(source.weights), added.error());
  return gguf::write(draft, gguf_path);
}

}  // namespace mr::llama2c
