#include "model/latent.h"

#include "base/half.h"
#include "kern/ref/decode.h"

namespace mr::model {
namespace {

/// Plain numbers for project_heads, in the type that the file had them in, else in F32.
Expected<kern::Weight> keep_matrix(const Loader& loader, const std::vector<float>& values,
                                   DType type, Shape shape, const std::string& name) {
  kern::Weight weight{nullptr, DType::f32, shape.n_out, shape.n_in};
  if (type != DType::f16 && type != DType::bf16) {
    MR_TRY(weight.data, keep(loader.model, values, name));
    return weight;
  }
  weight.type = type;
  const kern::Device& device = loader.model.device;
  std::vector<std::uint16_t> halves(values.size());
  for (std::size_t i = 0; i < values.size() && !device.counts_only; ++i) {
    halves[i] = type == DType::f16 ? f32_to_f16(values[i]) : f32_to_bf16(values[i]);
  }
  const std::size_t bytes = halves.size() * sizeof halves[0];
  MR_TRY(auto buffer, kern::make_buffer(device, bytes, name));
  device.ops->upload(device, buffer.data, halves.data(), bytes);
  weight.data = buffer.data;
  loader.model.memory.push_back(std::move(buffer));
  return weight;
}

/// A matrix of any type as floats.
struct Decoded {
  std::vector<float> values;
  DType type = DType::f32;
};

Expected<Decoded> decode_matrix(const Loader& loader, const std::string& name, Shape shape) {
  MR_TRY(const HostRows rows, read_rows(loader, name, shape));
  if (!kern::ref::can_decode(rows.type)) return wrong_type(loader, name + ".weight", rows.type);
  const auto n = static_cast<std::size_t>(shape.n_out) * static_cast<std::size_t>(shape.n_in);
  Decoded matrix{std::vector<float>(n), rows.type};
  if (loader.model.device.counts_only) return matrix;
  kern::ref::decode(rows.type, rows.data, matrix.values.data(), n);
  return matrix;
}

/// Rows of kv_b are, head after head, those that make a key's part without RoPE and those that make
/// the value. The first are needed turned round.
Expected<void> split_kv_b(const Loader& loader, const std::string& name, LatentWeights& to) {
  const Config& config = loader.model.config;
  const auto rank = static_cast<std::size_t>(config.latent.rank);
  const auto nope = static_cast<std::size_t>(config.latent.nope_dim);
  const auto v_dim = static_cast<std::size_t>(config.latent.v_dim);
  const auto n_heads = static_cast<std::size_t>(config.n_heads);
  const std::int32_t n_rows = config.n_heads * (config.latent.nope_dim + config.latent.v_dim);
  MR_TRY(const Decoded kv_b, decode_matrix(loader, name, {n_rows, config.latent.rank}));
  std::vector<float> k_b(n_heads * rank * nope);
  std::vector<float> v_b;
  if (loader.model.device.counts_only) v_b.resize(n_heads * v_dim * rank);
  for (std::size_t h = 0; h < n_heads && !loader.model.device.counts_only; ++h) {
    const float* from = &kv_b.values[h * (nope + v_dim) * rank];
    for (std::size_t i = 0; i < nope; ++i) {
      for (std::size_t r = 0; r < rank; ++r) k_b[(h * rank + r) * nope + i] = from[i * rank + r];
    }
    v_b.insert(v_b.end(), from + nope * rank, from + (nope + v_dim) * rank);
  }
  const Shape k_shape{config.n_heads * config.latent.rank, config.latent.nope_dim};
  const Shape v_shape{config.n_heads * config.latent.v_dim, config.latent.rank};
  MR_TRY(to.k_b, keep_matrix(loader, k_b, kv_b.type, k_shape, name));
  MR_TRY(to.v_b, keep_matrix(loader, v_b, kv_b.type, v_shape, name));
  return {};
}

Expected<void> load_heads(const Loader& loader, std::int32_t index, LatentWeights& to) {
  const Config& config = loader.model.config;
  const LatentNames& names = loader.names.latent;
  if (names.k_b == nullptr || !has_matrix(loader, tensor_name(loader, index, names.k_b))) {
    return split_kv_b(loader, tensor_name(loader, index, names.kv_b), to);
  }
  const auto load = [&](const char* name, Shape shape) -> Expected<kern::Weight> {
    const std::string whole = tensor_name(loader, index, name);
    MR_TRY(const Decoded matrix, decode_matrix(loader, whole, shape));
    return keep_matrix(loader, matrix.values, matrix.type, shape, whole);
  };
  MR_TRY(to.k_b, load(names.k_b, {config.n_heads * config.latent.rank, config.latent.nope_dim}));
  MR_TRY(to.v_b, load(names.v_b, {config.n_heads * config.latent.v_dim, config.latent.rank}));
  return {};
}

Expected<void> load_queries(const Loader& loader, std::int32_t index, Layer& layer) {
  const Config& config = loader.model.config;
  const LatentConfig& latent = config.latent;
  const auto name = [&](const char* tensor) { return tensor_name(loader, index, tensor); };
  const std::int32_t q_dim = config.n_heads * (latent.nope_dim + latent.rope_dim);
  if (latent.q_rank == 0) {
    MR_TRY(layer.wq, load_matrix(loader, name(loader.names.q), {q_dim, config.dim}));
    return {};
  }
  const LatentNames& names = loader.names.latent;
  const std::string q_a = name(names.q_a);
  MR_TRY(layer.latent.q_a, load_matrix(loader, q_a, {latent.q_rank, config.dim}));
  MR_TRY(layer.latent.q_a_bias, load_optional(loader, q_a + ".bias", {latent.q_rank}));
  MR_TRY(layer.latent.q_a_norm, load_norm(loader, name(names.q_a_norm), latent.q_rank));
  MR_TRY(layer.wq, load_matrix(loader, name(names.q_b), {q_dim, latent.q_rank}));
  return {};
}

}  // namespace

Expected<void> load_latent(const Loader& loader, std::int32_t index, Layer& layer) {
  const Config& config = loader.model.config;
  const LatentConfig& latent = config.latent;
  const LatentNames& names = loader.names.latent;
  const auto name = [&](const char* tensor) { return tensor_name(loader, index, tensor); };
  MR_TRY_VOID(load_queries(loader, index, layer));
  const std::int32_t n_rows = latent.rank + latent.rope_dim;
  const std::string kv_a = name(names.kv_a);
  const Shape latent_rows{latent.rank, config.dim, 0, n_rows};
  const Shape rope_rows{latent.rope_dim, config.dim, latent.rank, n_rows};
  MR_TRY(layer.latent.latent, load_matrix(loader, kv_a, latent_rows));
  MR_TRY(layer.latent.latent_bias, load_optional(loader, kv_a + ".bias", latent_rows));
  MR_TRY(layer.latent.rope, load_matrix(loader, kv_a, rope_rows));
  MR_TRY(layer.latent.rope_bias, load_optional(loader, kv_a + ".bias", rope_rows));
  MR_TRY(layer.latent.latent_norm, load_norm(loader, name(names.kv_a_norm), latent.rank));
  MR_TRY_VOID(load_heads(loader, index, layer.latent));
  const std::string out = name(loader.names.attn_out);
  MR_TRY(layer.wo, load_matrix(loader, out, {config.dim, config.n_heads * latent.v_dim}));
  MR_TRY(layer.bo, load_optional(loader, out + ".bias", {config.dim}));
  return {};
}

}  // namespace mr::model
