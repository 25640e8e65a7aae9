#pragma once
#include <string>

#include "base/error.h"

/// The small trained models of llama2.c (karpathy/llama2.c) as GGUF files of architecture llama.
namespace mr::llama2c {

struct Source {
  std::string weights;    // the legacy .bin of fp32 weights
  std::string tokenizer;  // a SentencePiece .model
};

/// Writes the model as F32 GGUF. RoPE rotates interleaved pairs in both, so nothing is permuted.
/// Errors: bad_model where the weights' size does not follow from their header or the tokenizer
/// is no SentencePiece model; failed where the file cannot be written.
Expected<void> convert(const Source& source, const std::string& gguf_path);

}  // namespace mr::llama2c
