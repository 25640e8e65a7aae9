#include "model/weights.h"

#include <string>

#include "kern/ref/decode.h"
#include "model/architecture.h"

namespace mr::model {
namespace {

/// What loading works on: the file to read from and the model to add to.
struct Loader {
  const gguf::File& file;
  Model& model;
};

struct Shape {
  std::int32_t n_out = 0;  ///< rows; 1 for a vector
  std::int32_t n_in = 0;
};

std::string text(const TensorView& view) {
  std::string out = std::to_string(view.dim[0]);
  for (std::uint32_t i = 1; i < view.n_dims; ++i) out += " x " + std::to_string(view.dim[i]);
  return out;
}

/// The tensor called `name`, of exactly this shape.
Expected<TensorView> find(const Loader& loader, const std::string& name, Shape shape) {
  const gguf::Tensor* tensor = gguf::find_tensor(loader.file, name);
  const std::string wanted =
      std::to_string(shape.n_in) + (shape.n_out == 1 ? "" : " x " + std::to_string(shape.n_out));
  if (tensor == nullptr) {
    return fail(Fault::bad_model, name + ": wanted a tensor of " + wanted + ", not found");
  }
  const TensorView& view = tensor->view;
  if (columns(view) != static_cast<std::uint64_t>(shape.n_in) ||
      rows(view) != static_cast<std::uint64_t>(shape.n_out)) {
    return fail(Fault::bad_model, name + ": wanted " + wanted + ", found " + text(view));
  }
  return view;
}

Expected<kern::Weight> load_matrix(const Loader& loader, const std::string& name, Shape shape) {
  MR_TRY(const TensorView view, find(loader, name, shape));
  const kern::Device& device = loader.model.device;
  const std::size_t bytes = device.ops->packed_bytes(view.type, shape.n_out, shape.n_in);
  if (bytes == 0) {
    return fail(Fault::bad_model, name + ": wanted a weight type that level " + device.ops->name +
                                      " computes with, found " + traits(view.type).name);
  }
  MR_TRY(auto packed, kern::make_buffer(device, bytes, name));
  device.ops->pack(device, {.to = packed.data,
                            .from = view.data,
                            .type = view.type,
                            .n_out = shape.n_out,
                            .n_in = shape.n_in});
  const kern::Weight weight{packed.data, view.type, shape.n_out, shape.n_in};
  loader.model.memory.push_back(std::move(packed));
  loader.model.file_bytes += view.bytes;
  return weight;
}

/// Numbers of the host, on the device for as long as the model lives.
Expected<const float*> keep(Model& model, const std::vector<float>& values,
                            const std::string& what) {
  const kern::Device& device = model.device;
  MR_TRY(auto buffer, kern::make_buffer(device, values.size() * sizeof(float), what));
  device.ops->upload(device, buffer.data, values.data(), values.size() * sizeof(float));
  const float* data = kern::as<float>(buffer);
  model.memory.push_back(std::move(buffer));
  return data;
}

/// A norm or bias, as fp32 whatever the file has.
Expected<const float*> load_vector(const Loader& loader, const std::string& name, std::int32_t n) {
  MR_TRY(const TensorView view, find(loader, name, {1, n}));
  if (view.type != DType::f32 && view.type != DType::f16 && view.type != DType::bf16) {
    return fail(Fault::bad_model,
                name + ": wanted F32, F16 or BF16, found " + traits(view.type).name);
  }
  std::vector<float> values(static_cast<std::size_t>(n));
  kern::ref::decode(view.type, view.data, values.data(), values.size());
  loader.model.file_bytes += view.bytes;
  return keep(loader.model, values, name);
}

Expected<const float*> load_optional(const Loader& loader, const std::string& name,
                                     std::int32_t n) {
  if (gguf::find_tensor(loader.file, name) == nullptr) return nullptr;
  return load_vector(loader, name, n);
}

Expected<void> load_attention(const Loader& loader, const std::string& prefix, Layer& layer) {
  const Config& config = loader.model.config;
  const std::int32_t q_dim = config.n_heads * config.k_dim;
  const std::int32_t k_dim = config.n_kv_heads * config.k_dim;
  const std::int32_t v_dim = config.n_kv_heads * config.v_dim;
  const std::int32_t o_dim = config.n_heads * config.v_dim;
  MR_TRY(layer.attn_norm, load_vector(loader, prefix + "attn_norm.weight", config.dim));
  MR_TRY(layer.wq, load_matrix(loader, prefix + "attn_q.weight", {q_dim, config.dim}));
  MR_TRY(layer.wk, load_matrix(loader, prefix + "attn_k.weight", {k_dim, config.dim}));
  MR_TRY(layer.wv, load_matrix(loader, prefix + "attn_v.weight", {v_dim, config.dim}));
  MR_TRY(layer.wo, load_matrix(loader, prefix + "attn_output.weight", {config.dim, o_dim}));
  MR_TRY(layer.bq, load_optional(loader, prefix + "attn_q.bias", q_dim));
  MR_TRY(layer.bk, load_optional(loader, prefix + "attn_k.bias", k_dim));
  MR_TRY(layer.bv, load_optional(loader, prefix + "attn_v.bias", v_dim));
  MR_TRY(layer.bo, load_optional(loader, prefix + "attn_output.bias", config.dim));
  if (config.has_qk_norm) {
    MR_TRY(layer.q_norm, load_vector(loader, prefix + "attn_q_norm.weight", config.k_dim));
    MR_TRY(layer.k_norm, load_vector(loader, prefix + "attn_k_norm.weight", config.k_dim));
  }
  return {};
}

Expected<Layer> load_layer(const Loader& loader, std::int32_t index) {
  const Config& config = loader.model.config;
  const std::string prefix = "blk." + std::to_string(index) + ".";
  Layer layer;
  MR_TRY_VOID(load_attention(loader, prefix, layer));
  MR_TRY(layer.ffn_norm, load_vector(loader, prefix + "ffn_norm.weight", config.dim));
  MR_TRY(layer.gate, load_matrix(loader, prefix + "ffn_gate.weight", {config.ffn_dim, config.dim}));
  MR_TRY(layer.up, load_matrix(loader, prefix + "ffn_up.weight", {config.ffn_dim, config.dim}));
  MR_TRY(layer.down, load_matrix(loader, prefix + "ffn_down.weight", {config.dim, config.ffn_dim}));
  return layer;
}

}  // namespace

Expected<Model> load(const gguf::File& file, const kern::Device& device) {
  Model model;
  model.device = device;
  MR_TRY(model.config, read_config(file));
  const Config& config = model.config;
  const Loader loader{file, model};
  const Shape vocab{config.n_vocab, config.dim};
  MR_TRY(model.embed, load_matrix(loader, "token_embd.weight", vocab));
  for (std::int32_t i = 0; i < config.n_layers; ++i) {
    MR_TRY(Layer layer, load_layer(loader, i));
    model.layers.push_back(layer);
  }
  MR_TRY(model.out_norm, load_vector(loader, "output_norm.weight", config.dim));
  model.head = model.embed;
  if (gguf::find_tensor(file, "output.weight") != nullptr) {
    MR_TRY(model.head, load_matrix(loader, "output.weight", vocab));
  }
  MR_TRY(model.inv_freq, keep(model, config.rope.inv_freq, "RoPE frequencies"));
  device.ops->synchronize(device);
  if (gguf::failed(file)) {
    return fail(Fault::bad_model,
                file.path + ": wanted the whole file, found it cut while reading");
  }
  return model;
}

}  // namespace mr::model
