#include "text/end_tokens.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mr::text {
namespace {

constexpr std::array<std::string_view, 15> kEnds{
    "<|im_end|>",                               // ChatML: Qwen, SmolLM
    "<|endoftext|>",                            // GPT-2, Qwen, Phi
    "<|eot_id|>",                               // Llama 3
    "<|eom_id|>",                               // Llama 3, before a tool's answer
    "<|end_of_text|>",                          // Llama 3, Granite
    "<|eot|>",                                  // Llama 4
    "<|eom|>",                                  // Llama 4
    "<|end|>",                                  // Phi 3
    "<|return|>",                               // gpt-oss
    "<|call|>",                                 // gpt-oss, before a tool's answer
    "<end_of_turn>",                            // Gemma
    "</s>",                                     // Llama 2, Mistral
    "<|end_of_sentence|>",                      // DeepSeek, spelled plainly
    "<\uff5cend\u2581of\u2581sentence\uff5c>",  // DeepSeek
    "<|END_OF_TURN_TOKEN|>",                    // Command R
};

}  // namespace

std::vector<std::int32_t> end_tokens(const Tokenizer& tok) {
  std::vector<std::int32_t> out;
  for (Id id = 0; id < n_tokens(tok); ++id) {
    const std::string_view piece = view(tok.vocab.pieces, id);
    const bool named = std::find(kEnds.begin(), kEnds.end(), piece) != kEnds.end();
    if (id == tok.vocab.eos || (named && is_control(tok, id))) {
      out.push_back(static_cast<std::int32_t>(id));
    }
  }
  return out;
}

}  // namespace mr::text
