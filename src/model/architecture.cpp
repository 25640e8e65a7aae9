#include "model/architecture.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/quote.h"
#include "model/fields.h"

namespace mr::model {
namespace {

constexpr Names kOlmo2Names{.attn_norm = nullptr,
                            .post_attn_norm = "post_attention_layernorm",
                            .ffn_norm = nullptr,
                            .post_ffn_norm = "post_feedforward_layernorm"};

constexpr Names phi3_gguf_names() {
  Names names = kGgufNames;
  names.gate_up = names.up;
  return names;
}

constexpr Names gpt_oss_gguf_names() {
  Names names = kGgufNames;
  names.ffn_norm = "post_attention_norm";
  return names;
}

constexpr Names kGptOssNames{.experts = {.router = "mlp.router"}};

constexpr Names kMixtralNames{.experts = {.router = "block_sparse_moe.gate",
                                          .gate = "block_sparse_moe.experts.#.w1",
                                          .up = "block_sparse_moe.experts.#.w3",
                                          .down = "block_sparse_moe.experts.#.w2"}};

constexpr std::array kKnown = {
    Architecture{"deepseek2", {"deepseek_v2", "deepseek_v3"}, deepseek::config},
    Architecture{"gemma2", {"gemma2"}, gemma2::config, kGgufNames, kHfPostNormNames},
    Architecture{"gemma3", {"gemma3", "gemma3_text"}, gemma3::config, kGgufNames, kHfPostNormNames},
    Architecture{"gpt-oss", {"gpt_oss"}, gpt_oss::config, gpt_oss_gguf_names(), kGptOssNames},
    Architecture{"llama", {"llama"}, llama::config},
    Architecture{"mistral", {"mistral"}, mistral::config},
    Architecture{"mixtral", {"mixtral"}, mixtral::config, kGgufNames, kMixtralNames},
    Architecture{"olmo2", {"olmo2"}, olmo2::config, kGgufNames, kOlmo2Names},
    Architecture{"phi3", {"phi3"}, phi3::config, phi3_gguf_names()},
    Architecture{"qwen2", {"qwen2"}, qwen2::config},
    Architecture{"qwen3", {"qwen3"}, qwen3::config},
    Architecture{"qwen3moe", {"qwen3_moe"}, qwen3_moe::config},
};

/// The field that names the architecture, and what it says.
struct Stated {
  const char* key = nullptr;
  std::string name;
};

Expected<Stated> stated_architecture(const Source& source) {
  if (source.gguf != nullptr) {
    MR_TRY(auto name, gguf::get<std::string>(*source.gguf, "general.architecture"));
    return Stated{"general.architecture", std::move(name)};
  }
  MR_TRY(const auto* root, json::root_object(source.checkpoint->config));
  MR_TRY(auto name, json::get<std::string>(*root, "model_type"));
  MR_TRY(const TextConfig text, text_config(*source.checkpoint));
  MR_TRY(name, json::get_or<std::string>(*text.object, "model_type", std::move(name)));
  return Stated{"model_type", std::move(name)};
}

bool is_called(const Architecture& architecture, const Source& source, std::string_view name) {
  if (source.gguf != nullptr) return architecture.name == name;
  return std::ranges::find(architecture.model_types, name) != architecture.model_types.end();
}

Expected<std::int32_t> read_vocab_size(const Source& source, const Names& names) {
  const std::string body = source.checkpoint != nullptr ? source.checkpoint->body : "";
  const std::string name = body + names.embed + ".weight";
  const TensorView* embed = find(source, name);
  if (embed == nullptr) return fail(Fault::bad_model, name + ": wanted, not found");
  const std::uint64_t n = embed->dim[1];
  if (n >= 1 && n <= (1ULL << 24)) return static_cast<std::int32_t>(n);
  return fail(Fault::bad_model, name + ": wanted 1 to 16777216 rows, found " + std::to_string(n));
}

}  // namespace

std::span<const Architecture> architectures() {
  return kKnown;
}

Expected<const Architecture*> architecture_of(const Source& source) {
  MR_TRY(const Stated stated, stated_architecture(source));
  std::string known;
  const auto add = [&](std::string_view name) {
    if (!name.empty()) known += (known.empty() ? "" : ", ") + std::string(name);
  };
  for (const Architecture& architecture : architectures()) {
    if (!stated.name.empty() && is_called(architecture, source, stated.name)) return &architecture;
    if (source.gguf != nullptr) add(architecture.name);
    if (source.gguf == nullptr) std::ranges::for_each(architecture.model_types, add);
  }
  return fail(Fault::bad_model, std::string(stated.key) + ": wanted one of " + known + "; found " +
                                    quote(stated.name));
}

Expected<Config> read_config(const Source& source) {
  MR_TRY(const Architecture* architecture, architecture_of(source));
  MR_TRY(Config config, architecture->config(source));
  MR_TRY(config.n_vocab,
         read_vocab_size(source, source.gguf != nullptr ? architecture->gguf : architecture->hf));
  return config;
}

}  // namespace mr::model
