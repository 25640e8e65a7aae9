#include "model/experts.h"

#include <algorithm>
#include <string_view>

#include "model/expert_rows.h"

namespace mr::model {
namespace {

/// The experts' names in this file: those of the architecture, or the ones that transformers gives
/// every mixture since its version 5.
const ExpertNames& names_of(const Loader& loader, std::int32_t index) {
  const ExpertNames& own = loader.names.experts;
  if (loader.source.gguf != nullptr) return own;
  return has_matrix(loader, tensor_name(loader, index, own.router)) ? own : kHfNames.experts;
}

/// The same matrix of all experts, packed one after another.
Expected<kern::Experts> load_stack(const Loader& loader, const ExpertRows& rows) {
  const kern::Device& device = loader.model.device;
  const std::int32_t n_experts = loader.model.config.moe.n_experts;
  const std::string key = rows.name + "@experts " + std::to_string(rows.begin);
  if (const PackedTensor* found = find_packed(loader, key, rows.n_out, rows.n_in, n_experts)) {
    return kern::Experts{data_of(*loader.cache->found, *found),
                         found->type,
                         n_experts,
                         rows.n_out,
                         rows.n_in,
                         static_cast<std::int64_t>(found->bytes) / n_experts};
  }
  const std::uint64_t n_before = loader.model.file_bytes;
  kern::Experts stack;
  kern::Buffer memory;
  std::vector<std::byte> scratch;
  for (std::int32_t e = 0; e < n_experts; ++e) {
    MR_TRY(HostRows stored, read_expert(loader, rows, e, scratch));
    const HostRows found = with_bits(loader, std::move(stored), rows.n_out, rows.n_in);
    if (e == 0) {
      const std::size_t bytes = packed_bytes(loader, found.type, rows.n_out, rows.n_in);
      if (bytes == 0) return wrong_type(loader, rows.name, found.type);
      const std::size_t stride = expert_stride(bytes);
      const auto n = static_cast<std::size_t>(n_experts);
      MR_TRY(memory, kern::make_buffer(device, stride * n, rows.name));
      stack = {kern::as<std::byte>(memory),      found.type, n_experts, rows.n_out, rows.n_in,
               static_cast<std::int64_t>(stride)};
    }
    if (found.type != stack.type) {
      return fail(Fault::bad_model, rows.name + ": wanted " + traits(stack.type).name +
                                        " in every expert, found " + traits(found.type).name);
    }
    device.ops->pack(device, {.to = kern::as<std::byte>(memory) + e * stack.stride,
                              .from = found.data,
                              .type = found.type,
                              .n_out = rows.n_out,
                              .n_in = rows.n_in});
    if (!device.counts_only) let_go(loader.source);
  }
  const auto bytes = static_cast<std::uint64_t>(stack.stride * n_experts);
  keep_packed(loader, {key, stack.type, rows.n_out, rows.n_in, 0, bytes}, stack.data, n_before);
  loader.model.memory.push_back(std::move(memory));
  return stack;
}

/// A bias of all experts, (n_experts, n_out); null where there is none.
Expected<const float*> load_biases(const Loader& loader, const ExpertRows& rows) {
  constexpr std::string_view kWeight = ".weight";
  std::string name = rows.name;
  if (name.ends_with(kWeight)) {
    name.replace(name.size() - kWeight.size(), kWeight.size(), ".bias");
  } else {
    name += "_bias";
  }
  if (rows.is_single || find(loader.source, name) == nullptr) return nullptr;
  const std::int32_t n_experts = loader.model.config.moe.n_experts;
  MR_TRY(const auto all, read_vectors(loader, name, rows.n_rows));
  std::vector<float> values;
  for (std::int32_t e = 0; e < n_experts; ++e) {
    for (std::int32_t i = 0; i < rows.n_out; ++i) {
      values.push_back(all[static_cast<std::size_t>(e * rows.n_rows + rows.begin + i * rows.step)]);
    }
  }
  return keep(loader.model, values, name);
}

Expected<void> load_one(const Loader& loader, const ExpertRows& rows, kern::Experts& weight,
                        const float*& bias) {
  MR_TRY(weight, load_stack(loader, rows));
  MR_TRY(bias, load_biases(loader, rows));
  return {};
}

/// Where the rows of one of the three matrices are: `single` for each expert, `all` stacked, or
/// `fused` with those of another.
ExpertRows find_place(const Loader& loader, std::int32_t index, const char* single, const char* all,
                      const char* fused, bool is_second) {
  const MoeConfig& moe = loader.model.config.moe;
  const auto there = [&](const char* name) {
    return name != nullptr && (find(loader.source, tensor_name(loader, index, name)) != nullptr ||
                               is_mxfp4(loader, tensor_name(loader, index, name)));
  };
  if (there(all))
    return {.name = tensor_name(loader, index, all), .is_transposed = moe.is_interleaved};
  if (!there(fused)) {
    return {.name = tensor_name(loader, index, single), .is_single = true};
  }
  ExpertRows rows{.name = tensor_name(loader, index, fused), .n_rows = 2 * moe.ffn_dim};
  rows.is_transposed = moe.is_interleaved;
  rows.step = moe.is_interleaved ? 2 : 1;
  rows.begin = !is_second ? 0 : moe.is_interleaved ? 1 : moe.ffn_dim;
  return rows;
}

Expected<void> load_shared(const Loader& loader, std::int32_t index, Layer& layer) {
  const Config& config = loader.model.config;
  const ExpertNames& names = names_of(loader, index);
  const std::int32_t n = config.moe.shared_dim;
  const auto name = [&](const char* tensor) { return tensor_name(loader, index, tensor); };
  MR_TRY(layer.gate, load_matrix(loader, name(names.shared_gate), {n, config.dim}));
  MR_TRY(layer.up, load_matrix(loader, name(names.shared_up), {n, config.dim}));
  MR_TRY(layer.down, load_matrix(loader, name(names.shared_down), {config.dim, n}));
  return {};
}

}  // namespace

Expected<void> load_mixture(const Loader& loader, std::int32_t index, Layer& layer) {
  const Config& config = loader.model.config;
  const MoeConfig& moe = config.moe;
  const ExpertNames& names = names_of(loader, index);
  MoeWeights& to = layer.moe;
  const std::string router = tensor_name(loader, index, names.router);
  MR_TRY(to.router, load_matrix(loader, router, {moe.n_experts, config.dim}));
  MR_TRY(to.router_bias, load_optional(loader, router + ".bias", {moe.n_experts}));
  MR_TRY(to.score_bias,
         load_optional(loader, tensor_name(loader, index, names.score_bias), {moe.n_experts}));
  const auto place = [&](const char* single, const char* all, const char* fused, bool is_second,
                         std::int32_t n_out, std::int32_t n_in) {
    ExpertRows rows = find_place(loader, index, single, all, fused, is_second);
    rows.n_out = n_out;
    rows.n_in = n_in;
    if (rows.n_rows == 0) rows.n_rows = n_out;
    return rows;
  };
  const char* fused = names.all_gate_up;
  const ExpertRows gate = place(names.gate, names.all_gate, fused, false, moe.ffn_dim, config.dim);
  const ExpertRows up = place(names.up, names.all_up, fused, true, moe.ffn_dim, config.dim);
  const ExpertRows down =
      place(names.down, names.all_down, nullptr, false, config.dim, moe.ffn_dim);
  MR_TRY_VOID(load_one(loader, gate, to.gate, to.b_gate));
  MR_TRY_VOID(load_one(loader, up, to.up, to.b_up));
  MR_TRY_VOID(load_one(loader, down, to.down, to.b_down));
  if (moe.shared_dim == 0) return {};
  return load_shared(loader, index, layer);
}

}  // namespace mr::model
