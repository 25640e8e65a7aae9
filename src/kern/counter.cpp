#include "kern/counter.h"

#include <algorithm>
#include <cstring>

#include "kern/compose.h"

namespace mr::kern {
namespace {

Counter& counter(const Device& device) {
  return *static_cast<Counter*>(device.team);
}

/// Any address does for memory that nobody touches, but null.
void* allocate(const Device& device, std::size_t bytes) {
  counter(device).bytes += bytes;
  return &counter(device);
}

void release(const Device& device, void*, std::size_t bytes) {
  counter(device).bytes -= bytes;
}

void download(const Device&, void* host, const void*, std::size_t bytes) {
  std::memset(host, 0, bytes);
}

/// `n_rows` rows times a weight matrix, `n_matrices` such as it being read for them.
void count_product(const Device& device, const Weight& weight, std::int64_t n_rows,
                   std::int64_t n_matrices = 1) {
  Work& work = counter(device).work;
  const std::size_t bytes = device.ops->packed_bytes(weight.type, weight.n_out, weight.n_in);
  const double elements = static_cast<double>(weight.n_out) * static_cast<double>(weight.n_in);
  work.weight_macs[static_cast<std::size_t>(weight.type)] += elements * static_cast<double>(n_rows);
  work.weight_bytes += static_cast<double>(bytes) * static_cast<double>(n_matrices);
}

void count_gemm(const Device& device, const GemmArgs& a) {
  count_product(device, a.weight, a.n_rows);
}

/// At worst every item has an expert of its own.
void count_experts(const Device& device, const ExpertGemmArgs& a) {
  const Experts& of = a.weight;
  const std::int64_t n_used = std::min<std::int64_t>(of.n_experts, a.n_items);
  count_product(device, {of.data, of.type, of.n_out, of.n_in}, a.n_items, n_used);
}

void count_heads(const Device& device, const ProjectHeadsArgs& a) {
  count_product(device, a.weight, a.n_rows);
}

void count_attention(const Device& device, const AttentionArgs& a) {
  Counter& to = counter(device);
  const std::int64_t window = a.window > 0 ? a.window : to.n_attended;
  const auto positions = static_cast<double>(std::min(to.n_attended, window)) * a.rows.n_rows;
  to.work.attention_macs += positions * a.n_heads * (a.kv.k_dim + a.kv.v_dim);
  to.work.kv_bytes += positions * static_cast<double>(a.kv.page_bytes) / kPagePositions;
}

template <typename Args>
void ignore(const Device&, const Args&) {}

}  // namespace

std::unique_ptr<Counter> make_counter(const Table& like) {
  auto made = std::make_unique<Counter>();
  made->table = {
      .name = like.name,
      .allocate = allocate,
      .release = release,
      .upload = [](const Device&, void*, const void*, std::size_t) {},
      .download = download,
      .synchronize = [](const Device&) {},
      .packed_bytes = like.packed_bytes,
      .act_bytes = like.act_bytes,
      .kv_page_bytes = like.kv_page_bytes,
      .pack = ignore,
      .embed = ignore,
      .rms_norm = ignore,
      .to_acts = ignore,
      .gemm = count_gemm,
      .rope_angles = ignore,
      .rope = ignore,
      .store_kv = ignore,
      .qkv_rope_store = compose::qkv_rope_store,
      .attention = count_attention,
      .act_mul = ignore,
      .gate_up_act = compose::gate_up_act,
      .route = ignore,
      .expert_gemm = count_experts,
      .combine = ignore,
      .moe = compose::moe,
      .project_heads = count_heads,
      .copy_columns = ignore,
      .latent_qkv_store = compose::latent_qkv_store,
      .add = ignore,
      .gather = ignore,
      .scale_cap = ignore,
      .head = compose::head,
      .argmax = ignore,
      .move_slots = ignore,
      .copy_pages = ignore,
      .zero_pages = ignore,
  };
  made->device = {.ops = &made->table, .team = made.get(), .counts_only = true};
  return made;
}

}  // namespace mr::kern
