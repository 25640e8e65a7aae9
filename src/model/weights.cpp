#include "model/weights.h"

#include <string>
#include <utility>

#include "base/quote.h"
#include "model/architecture.h"
#include "model/experts.h"
#include "model/fields.h"
#include "model/latent.h"
#include "model/loader.h"

namespace mr::model {
namespace {

/// Queries, keys and values: three matrices with their biases, or the rows of one.
Expected<void> load_qkv(const Loader& loader, std::int32_t index, Layer& layer) {
  const Config& config = loader.model.config;
  const Names& names = loader.names;
  const std::int32_t q_dim = config.n_heads * config.k_dim;
  const std::int32_t k_dim = config.n_kv_heads * config.k_dim;
  const std::int32_t v_dim = config.n_kv_heads * config.v_dim;
  const std::string fused = tensor_name(loader, index, names.qkv);
  const bool is_fused = has_matrix(loader, fused);
  const std::int32_t n_rows = is_fused ? q_dim + k_dim + v_dim : 0;
  std::int32_t begin = 0;
  const auto one = [&](const char* name, std::int32_t n_out, kern::Weight& weight,
                       const float*& bias) -> Expected<void> {
    const std::string tensor = is_fused ? fused : tensor_name(loader, index, name);
    const Shape shape{n_out, config.dim, begin, n_rows};
    if (is_fused) begin += n_out;
    MR_TRY(weight, load_matrix(loader, tensor, shape));
    MR_TRY(bias, load_optional(loader, tensor + ".bias", shape));
    return {};
  };
  MR_TRY_VOID(one(names.q, q_dim, layer.wq, layer.bq));
  MR_TRY_VOID(one(names.k, k_dim, layer.wk, layer.bk));
  return one(names.v, v_dim, layer.wv, layer.bv);
}

Expected<void> load_attention(const Loader& loader, std::int32_t index, Layer& layer) {
  const Config& config = loader.model.config;
  const Names& names = loader.names;
  const auto name = [&](const char* tensor) { return tensor_name(loader, index, tensor); };
  MR_TRY_VOID(load_qkv(loader, index, layer));
  const Shape out{config.dim, config.n_heads * config.v_dim};
  MR_TRY(layer.wo, load_matrix(loader, name(names.attn_out), out));
  MR_TRY(layer.bo, load_optional(loader, name(names.attn_out) + ".bias", {config.dim}));
  if (config.qk_norm != QkNorm::none) {
    const bool by_row = config.qk_norm == QkNorm::row;
    const std::int32_t n_q = by_row ? config.n_heads : 1;
    const std::int32_t n_k = by_row ? config.n_kv_heads : 1;
    MR_TRY(layer.q_norm, load_norm(loader, name(names.q_norm), n_q * config.k_dim));
    MR_TRY(layer.k_norm, load_norm(loader, name(names.k_norm), n_k * config.k_dim));
  }
  if (config.has_sinks) {
    MR_TRY(layer.sinks, load_vector(loader, name(names.sinks), config.n_heads));
  }
  return {};
}

/// Gate and up, alone or as the halves of one matrix, and down.
Expected<void> load_feed_forward(const Loader& loader, std::int32_t index, Layer& layer) {
  const Config& config = loader.model.config;
  const Names& names = loader.names;
  const auto name = [&](const char* tensor) { return tensor_name(loader, index, tensor); };
  const bool is_fused = names.gate_up != nullptr && has_matrix(loader, name(names.gate_up)) &&
                        !has_matrix(loader, name(names.gate));
  const std::string gate = name(is_fused ? names.gate_up : names.gate);
  const std::string up = name(is_fused ? names.gate_up : names.up);
  Shape shape{config.ffn_dim, config.dim, 0, is_fused ? 2 * config.ffn_dim : 0};
  MR_TRY(layer.gate, load_matrix(loader, gate, shape));
  MR_TRY(layer.b_gate, load_optional(loader, gate + ".bias", shape));
  if (is_fused) shape.begin = config.ffn_dim;
  MR_TRY(layer.up, load_matrix(loader, up, shape));
  MR_TRY(layer.b_up, load_optional(loader, up + ".bias", shape));
  MR_TRY(layer.down, load_matrix(loader, name(names.down), {config.dim, config.ffn_dim}));
  MR_TRY(layer.b_down, load_optional(loader, name(names.down) + ".bias", {config.dim}));
  return {};
}

Expected<Layer> load_layer(const Loader& loader, std::int32_t index) {
  const Config& config = loader.model.config;
  const Names& names = loader.names;
  Layer layer;
  const auto norm = [&](const char* name) {
    return load_norm(loader, tensor_name(loader, index, name), config.dim);
  };
  MR_TRY_VOID(config.latent.rank > 0 ? load_latent(loader, index, layer)
                                     : load_attention(loader, index, layer));
  const bool has_experts = config.layers[static_cast<std::size_t>(index)].has_experts;
  MR_TRY_VOID(has_experts ? load_mixture(loader, index, layer)
                          : load_feed_forward(loader, index, layer));
  if (config.has_pre_norms) {
    MR_TRY(layer.attn_norm, norm(names.attn_norm));
    MR_TRY(layer.ffn_norm, norm(names.ffn_norm));
  }
  if (config.has_post_norms) {
    MR_TRY(layer.post_attn_norm, norm(names.post_attn_norm));
    MR_TRY(layer.post_ffn_norm, norm(names.post_ffn_norm));
  }
  return layer;
}

/// The matrix that gives the logits: its own, or that of the embeddings. config.json may say which.
Expected<kern::Weight> load_head(const Loader& loader, Shape shape) {
  MR_TRY(const Fields fields, fields_of(loader.source));
  MR_TRY(const auto tied, find<bool>(fields, {nullptr, "tie_word_embeddings"}));
  const std::string alone = loader.names.head;
  const std::string inside = "language_model." + alone;
  const std::string& name = has_matrix(loader, inside) ? inside : alone;
  const bool is_there = has_matrix(loader, name);
  if (tied.value_or(!is_there)) return loader.model.embed;
  return load_matrix(loader, name, shape);
}

Expected<std::vector<RopeWeights>> load_ropes(Model& model) {
  std::vector<RopeWeights> ropes;
  for (const RopeConfig& config : model.config.ropes) {
    RopeWeights rope;
    MR_TRY(rope.inv_freq, keep(model, config.inv_freq, "RoPE frequencies"));
    if (!config.inv_freq_long.empty()) {
      MR_TRY(rope.inv_freq_long, keep(model, config.inv_freq_long, "RoPE frequencies"));
    }
    ropes.push_back(rope);
  }
  return ropes;
}

Expected<Model> load_once(const Source& source, const kern::Device& device, OnLayer on_layer,
                          PackedCache* cache, Bits bits) {
  Model model;
  model.device = device;
  MR_TRY(const Architecture* architecture, architecture_of(source));
  MR_TRY(model.config, read_config(source));
  const Config& config = model.config;
  MR_TRY(const Quantization quantization, read_quantization(source));
  const bool is_gguf = source.gguf != nullptr;
  const Loader loader{.source = source,
                      .names = is_gguf ? architecture->gguf : architecture->hf,
                      .body = is_gguf ? "" : source.checkpoint->body,
                      .quantization = quantization,
                      .model = model,
                      .cache = cache,
                      .bits = bits};
  const Shape vocab{config.n_vocab, config.dim};
  MR_TRY(model.embed, load_matrix(loader, loader.body + loader.names.embed, vocab));
  for (std::int32_t i = 0; i < config.n_layers; ++i) {
    MR_TRY(Layer layer, load_layer(loader, i));
    model.layers.push_back(layer);
    if (on_layer.run != nullptr) on_layer.run(on_layer.arg, i + 1, config.n_layers);
  }
  MR_TRY(model.out_norm, load_norm(loader, loader.body + loader.names.out_norm, config.dim));
  MR_TRY(model.head, load_head(loader, vocab));
  MR_TRY(model.ropes, load_ropes(model));
  device.ops->synchronize(device);
  if (failed(source)) {
    return fail(Fault::bad_model,
                path_of(source) + ": wanted the whole file, found it cut while reading");
  }
  return model;
}

}  // namespace

Expected<Model> load(const Source& source, const kern::Device& device, OnLayer on_layer,
                     Bits bits) {
  return load_once(source, device, on_layer, nullptr, bits);
}

Expected<Model> load(const Source& source, const kern::Device& device, OnLayer on_layer,
                     PackedCache& cache) {
  begin(cache, source, device);
  auto model = load_once(source, device, on_layer, &cache, Bits::as_stored);
  if (cache.wrong.empty()) return model;
  replace(cache, "wrong contents of " + quote(std::exchange(cache.wrong, "")));
  if (model) *model = Model();  // its memory goes before the next one's comes
  return load_once(source, device, on_layer, &cache, Bits::as_stored);
}

}  // namespace mr::model
