#pragma once
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "tiny_model.h"

/// Named ways to damage a GGUF file.
namespace mr::hostile {

using Bytes = std::vector<std::byte>;

/// Where the fields of a sound file stand, by names such as "kv.general.name.length",
/// "tensor.blk.0.attn_q.weight.dim1", "data".
struct FieldMap {
  std::map<std::string, std::size_t, std::less<>> at;
};

struct Walk {
  const Bytes& bytes;
  FieldMap& map;
  std::size_t at = 0;
};

template <typename T>
T field(Walk& walk, const std::string& name) {
  T value;
  std::memcpy(&value, walk.bytes.data() + walk.at, sizeof value);
  walk.map.at[name] = walk.at;
  walk.at += sizeof value;
  return value;
}

inline std::string text(Walk& walk, const std::string& name) {
  const auto n = static_cast<std::size_t>(field<std::uint64_t>(walk, name + ".length"));
  const std::string value(reinterpret_cast<const char*>(walk.bytes.data()) + walk.at, n);
  walk.map.at[name] = walk.at;
  walk.at += n;
  return value;
}

inline void walk_value(Walk& walk, const std::string& name, gguf::ValueType type) {
  if (type == gguf::ValueType::string) {
    text(walk, name + ".value");
  } else if (type == gguf::ValueType::array) {
    const auto item = field<gguf::ValueType>(walk, name + ".item");
    const auto n = field<std::uint64_t>(walk, name + ".count");
    for (std::uint64_t i = 0; i < n; ++i) {
      walk_value(walk, name + "." + std::to_string(i), item);
    }
  } else {
    walk.map.at[name + ".value"] = walk.at;
    walk.at += gguf::value_bytes(type);
  }
}

/// The fields of `bytes`, which is a sound file of default alignment.
inline FieldMap map_fields(const Bytes& bytes) {
  FieldMap map;
  Walk walk{bytes, map, 4};
  map.at["magic"] = 0;
  field<std::uint32_t>(walk, "version");
  const auto n_tensors = field<std::uint64_t>(walk, "tensor_count");
  const auto n_keys = field<std::uint64_t>(walk, "kv_count");
  for (std::uint64_t i = 0; i < n_keys; ++i) {
    const std::size_t begin = walk.at;
    const std::string name = "kv." + text(walk, "key");
    map.at[name + ".key.length"] = begin;
    map.at[name + ".key"] = begin + 8;
    const auto type = field<gguf::ValueType>(walk, name + ".type");
    walk_value(walk, name, type);
  }
  for (std::uint64_t i = 0; i < n_tensors; ++i) {
    const std::size_t begin = walk.at;
    const std::string name = "tensor." + text(walk, "tensor");
    map.at[name + ".name.length"] = begin;
    map.at[name + ".name"] = begin + 8;
    const auto n_dims = field<std::uint32_t>(walk, name + ".n_dims");
    for (std::uint32_t d = 0; d < n_dims; ++d) {
      field<std::uint64_t>(walk, name + ".dim" + std::to_string(d));
    }
    field<std::uint32_t>(walk, name + ".type");
    field<std::uint64_t>(walk, name + ".offset");
  }
  map.at["data"] =
      (walk.at + gguf::kDefaultAlignment - 1) / gguf::kDefaultAlignment * gguf::kDefaultAlignment;
  return map;
}

/// What must notice the damage: whoever opens the file, or only who loads the model in it.
enum class Level : std::uint8_t { file, model };

/// A field gets another value; `field` may hold "ARCH" for the architecture. `n_bytes` of `value`
/// are written, `says` is part of the message wanted.
struct Mutation {
  const char* name;
  Level level;
  const char* field;
  std::uint64_t value;
  std::uint32_t n_bytes;
  const char* says;
};

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kHalf = 1ULL << 63;

inline const std::vector<Mutation>& mutations() {
  using enum Level;
  static const std::vector<Mutation> list{
      {"magic_lower_case", file, "magic", 0x66756767, 4, "wanted a GGUF file"},
      {"magic_png", file, "magic", 0x474e5089, 4, "PNG"},
      {"magic_zip", file, "magic", 0x04034b50, 4, "zip archive"},
      {"version_0", file, "version", 0, 4, "version"},
      {"version_1", file, "version", 1, 4, "version"},
      {"version_4", file, "version", 4, 4, "version"},
      {"version_big_endian", file, "version", 3U << 24, 4, "big-endian"},
      {"tensor_count_half", file, "tensor_count", kHalf, 8, "tensor count"},
      {"tensor_count_max", file, "tensor_count", kMax, 8, "tensor count"},
      {"tensor_count_too_many", file, "tensor_count", 65536, 8, "tensor"},
      {"kv_count_half", file, "kv_count", kHalf, 8, "metadata count"},
      {"kv_count_max", file, "kv_count", kMax, 8, "metadata count"},
      {"kv_count_too_many", file, "kv_count", 65536, 8, "metadata"},
      {"key_length_max", file, "kv.general.name.key.length", kMax, 8, "metadata 1 key"},
      {"key_length_past_end", file, "kv.general.name.key.length", 60000, 8, "metadata 1 key"},
      {"key_empty", file, "kv.general.name.key.length", 0, 8, "metadata 1 key"},
      {"value_type_unknown", file, "kv.general.name.type", 13, 4, "value type"},
      {"string_length_half", file, "kv.general.name.value.length", kHalf, 8, "'general.name'"},
      {"string_length_max", file, "kv.general.name.value.length", kMax, 8, "'general.name'"},
      {"string_length_past_end", file, "kv.general.name.value.length", 1U << 20, 8,
       "'general.name'"},
      {"array_item_unknown", file, "kv.tokenizer.ggml.scores.item", 99, 4, "array item type"},
      {"array_of_arrays", file, "kv.tokenizer.ggml.scores.item", 9, 4, "'tokenizer.ggml.scores'"},
      {"array_length_max", file, "kv.tokenizer.ggml.scores.count", kMax, 8, "array length"},
      {"array_length_wraps", file, "kv.tokenizer.ggml.scores.count", 1ULL << 62, 8, "array length"},
      {"array_length_past_end", file, "kv.tokenizer.ggml.scores.count", 1U << 23, 8,
       "array of 8388608 items"},
      {"token_length_max", file, "kv.tokenizer.ggml.tokens.5.value.length", kMax, 8,
       "'tokenizer.ggml.tokens'"},
      {"alignment_0", file, "kv.general.alignment.value", 0, 4, "general.alignment"},
      {"alignment_3", file, "kv.general.alignment.value", 3, 4, "general.alignment"},
      {"alignment_2_31", file, "kv.general.alignment.value", 1U << 31, 4, "general.alignment"},
      {"alignment_wrong_type", file, "kv.general.alignment.type", 6, 4, "general.alignment"},
      {"tensor_name_length_max", file, "tensor.blk.0.attn_q.weight.name.length", kMax, 8,
       "tensor 2 name"},
      {"n_dims_0", file, "tensor.blk.0.attn_q.weight.n_dims", 0, 4, "dimension count"},
      {"n_dims_2_31", file, "tensor.blk.0.attn_q.weight.n_dims", 1U << 31, 4, "dimension count"},
      {"dim_0", file, "tensor.blk.0.attn_q.weight.dim0", 0, 8, "dimension 0"},
      {"dim_negative", file, "tensor.blk.0.attn_q.weight.dim0", kMax, 8, "dimension 0"},
      {"dim_2_63", file, "tensor.blk.0.attn_q.weight.dim1", kHalf, 8, "dimension 1"},
      {"dims_product_wraps", file, "tensor.blk.0.attn_q.weight.dim1", 1ULL << 59, 8, "dimension 1"},
      {"dim_past_end", file, "tensor.blk.0.attn_q.weight.dim1", 1U << 20, 8, "bytes"},
      {"tensor_type_unknown", file, "tensor.blk.0.attn_q.weight.type", 1000, 4, "type: 1000"},
      {"tensor_type_unread", file, "tensor.blk.0.attn_q.weight.type", 34, 4, "TQ1_0"},
      {"tensor_type_larger", file, "tensor.blk.0.attn_q.weight.type", 28, 4, "overlaps"},
      {"tensor_type_odd_rows", file, "tensor.blk.0.attn_q.weight.type", 12, 4, "multiple of 256"},
      {"offset_wraps", file, "tensor.blk.0.attn_q.weight.offset", kMax - 31, 8, "offset"},
      {"offset_past_end", file, "tensor.blk.0.attn_q.weight.offset", 1ULL << 40, 8, "offset"},
      {"offset_overlaps", file, "tensor.blk.0.attn_q.weight.offset", 0, 8, "overlaps"},
      {"offset_unaligned", file, "tensor.blk.0.attn_q.weight.offset", 4104, 8, "multiple of 32"},
      {"architecture_unknown", model, "kv.general.architecture.value", 'x', 1, "architecture"},
      {"architecture_wrong_type", file, "kv.general.architecture.type", 4, 4, "metadata"},
      {"layers_0", model, "kv.ARCH.block_count.value", 0, 4, "block_count"},
      {"layers_missing", model, "kv.ARCH.block_count.value", 2, 4, "blk.1."},
      {"layers_max", model, "kv.ARCH.block_count.value", 0xFFFFFFFF, 4, "block_count"},
      {"heads_0", model, "kv.ARCH.attention.head_count.value", 0, 4, "head_count"},
      {"heads_not_divisible", model, "kv.ARCH.attention.head_count.value", 5, 4, "head_count"},
      {"embedding_max", model, "kv.ARCH.embedding_length.value", 0xFFFFFFFF, 4, "embedding_length"},
      {"embedding_other", model, "kv.ARCH.embedding_length.value", 64, 4, "token_embd"},
      {"context_0", model, "kv.ARCH.context_length.value", 0, 4, "context_length"},
      {"norm_epsilon_nan", model, "kv.ARCH.attention.layer_norm_rms_epsilon.value", 0x7FC00000, 4,
       "layer_norm_rms_epsilon"},
      {"rope_base_infinite", model, "kv.ARCH.rope.freq_base.value", 0x7F800000, 4, "freq_base"},
      {"tensor_renamed", model, "tensor.blk.0.attn_q.weight.name", 'X', 1, "attn_q"},
      {"tensor_reshaped", model, "tensor.blk.0.attn_q.weight.dim1", 16, 8, "attn_q"},
  };
  return list;
}

inline void replace_architecture(std::string& field, const std::string& architecture) {
  const std::size_t at = field.find("ARCH");
  if (at != field.npos) field.replace(at, 4, architecture);
}

/// The sound file with the damage.
inline Bytes apply(const Mutation& mutation, const std::string& architecture, Bytes bytes) {
  const FieldMap map = map_fields(bytes);
  std::string name = mutation.field;
  replace_architecture(name, architecture);
  std::memcpy(bytes.data() + map.at.at(name), &mutation.value, mutation.n_bytes);
  return bytes;
}

/// One to eight random changes: bytes, words of telling values, cuts, repetitions.
inline Bytes damage(Bytes bytes, Rng& rng) {
  constexpr std::uint64_t kTelling[] = {0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, kHalf, kMax, 8};
  for (std::uint64_t n = 1 + below(rng, 8); n > 0 && bytes.size() > 64; --n) {
    // Most of the changes hit the header, where every byte matters.
    const auto at = static_cast<std::size_t>(below(rng, unit(rng) < 0.9 ? 2500 : bytes.size()));
    if (at + 8 > bytes.size()) continue;
    switch (below(rng, 5)) {
      case 0:
        bytes[at] = static_cast<std::byte>(next(rng));
        break;
      case 1:
        bytes[at] ^= static_cast<std::byte>(1U << below(rng, 8));
        break;
      case 2:
        std::memcpy(&bytes[at], &kTelling[below(rng, 8)], below(rng, 2) == 0 ? 4 : 8);
        break;
      case 3:
        std::memcpy(&bytes[at], &bytes[below(rng, bytes.size() - 8)], 8);
        break;
      default:
        bytes.resize(below(rng, 20) == 0 ? at + 8 : bytes.size());
        break;
    }
  }
  return bytes;
}

}  // namespace mr::hostile
