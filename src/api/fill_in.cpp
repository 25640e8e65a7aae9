#include "api/fill_in.h"

#include <array>
#include <string_view>

namespace mr::api {
namespace {

/// Prefix, suffix and middle, as model families name them.
constexpr std::array<std::array<std::string_view, 3>, 5> kNames{{
    {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},  // Qwen, Gemma
    {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"},        // StarCoder
    {"<fim-prefix>", "<fim-suffix>", "<fim-middle>"},        // SantaCoder
    {"\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"},           // Code Llama
    {"<|fim_begin|>", "<|fim_hole|>", "<|fim_end|>"},        // DeepSeek, spelled plainly
}};

}  // namespace

std::optional<FillIn> fill_in(const text::Tokenizer& tokenizer) {
  for (const auto& names : kNames) {
    std::array<std::int32_t, 3> ids{-1, -1, -1};
    for (text::Id id = 0; id < text::n_tokens(tokenizer); ++id) {
      if (!text::is_control(tokenizer, id)) continue;
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (view(tokenizer.vocab.pieces, id) == names[i]) ids[i] = static_cast<std::int32_t>(id);
      }
    }
    if (ids[0] >= 0 && ids[1] >= 0 && ids[2] >= 0) return FillIn{ids[0], ids[1], ids[2]};
  }
  return {};
}

}  // namespace mr::api
