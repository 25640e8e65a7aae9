#pragma once
#include <cstdint>
#include <string>

#include "app/loaded.h"
#include "tensor/dtype.h"

namespace mr::app {

struct PerplexityArgs {
  LoadArgs load;
  std::string text;              ///< path of the text to score
  std::int32_t n_context = 512;  ///< tokens of a window
  std::int32_t n_chunks = 0;     ///< windows to score; 0: all
  DType kv_type = DType::f16;
  std::string logprobs;     ///< path to write each scored token's log-probability to, or empty
  std::string save_logits;  ///< path to keep the distributions under, or empty
  std::string kl;           ///< path of kept distributions to compare with, or empty
  bool json = false;
};

/// `millrace perplexity`. Returns the exit code.
int run_perplexity(const PerplexityArgs& args);

}  // namespace mr::app
