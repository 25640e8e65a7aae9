#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"

/// SentencePiece tokenizer files (`tokenizer.model`): a Protocol Buffers message.
/// Source: google/sentencepiece, src/sentencepiece_model.proto.
namespace mr::sentencepiece {

/// What GGUF keeps of such a file; texts point into the bytes read.
struct Model {
  std::vector<std::string_view> pieces;  // (n_pieces)
  std::vector<float> scores;             // (n_pieces)
  std::vector<std::int32_t> types;  // (n_pieces) 1 normal, 2 unknown, 3 control, 4 user, 6 byte
  std::uint32_t unknown = 0;
  std::uint32_t begin = 1;
  std::uint32_t end = 2;
  bool is_bpe = false;
  bool add_space_prefix = true;
  bool remove_extra_spaces = true;
};

/// Errors: bad_model, naming the field.
Expected<Model> parse(std::span<const std::byte> bytes);

}  // namespace mr::sentencepiece
