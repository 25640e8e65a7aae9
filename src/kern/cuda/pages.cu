#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"
#include "kern/cuda/page.cuh"

namespace mr::kern::cuda {
namespace {

__global__ void store_kv_kernel(StoreKvArgs args) {
  const KvView& kv = args.kv;
  const std::int64_t n_k = static_cast<std::int64_t>(kv.n_kv_heads) * kv.k_dim;
  const std::int64_t n_v = slot_values(kv) - n_k;
  const std::int64_t n = args.rows.n_rows * (n_k + n_v);
  for (std::int64_t item = first_item(); item < n; item += item_stride()) {
    const std::int64_t row = item / (n_k + n_v);
    const std::int64_t i = item % (n_k + n_v);
    const int slot = args.rows.slot[row];
    std::byte* page = slot_page(kv, args.rows.seq[row], slot, args.layer);
    const float value = i < n_k ? args.k[row * n_k + i] : args.v[row * n_v + i - n_k];
    store(kv.type, page, value_place(kv, i, slot % kPagePositions), value);
  }
}

// One thread makes all moves of one value of a slot, so that they happen in order.
__global__ void move_slots_kernel(MoveSlotsArgs args) {
  const KvView& kv = args.kv;
  const std::int64_t n_values = slot_values(kv);
  for (std::int64_t item = first_item(); item < n_values * kv.n_layers; item += item_stride()) {
    const int layer = static_cast<int>(item / n_values);
    const std::int64_t i = item % n_values;
    for (int move = 0; move < args.n; ++move) {
      const int from = args.from[move];
      const int to = args.to[move];
      const std::byte* source = slot_page(kv, args.seq[move], from, layer);
      std::byte* target = slot_page(kv, args.seq[move], to, layer);
      store(kv.type, target, value_place(kv, i, to % kPagePositions),
            load(kv.type, source, value_place(kv, i, from % kPagePositions)));
    }
  }
}

// One thread a value of a slot of a page of a layer.
__global__ void copy_pages_kernel(CopyPagesArgs args) {
  const KvView& kv = args.kv;
  const std::int64_t n_values = slot_values(kv);
  const std::int64_t n_page = n_values * kPagePositions;
  const std::int64_t n = n_page * kv.n_layers * args.n;
  for (std::int64_t item = first_item(); item < n; item += item_stride()) {
    const std::int64_t copy = item / (n_page * kv.n_layers);
    const std::int64_t layer = item / n_page % kv.n_layers;
    const int slot = static_cast<int>(item / n_values % kPagePositions);
    if (slot >= args.n_slots[copy]) continue;
    const std::int64_t place = value_place(kv, item % n_values, slot);
    const std::byte* source = page_of(kv, args.from[copy], layer);
    store(kv.type, page_of(kv, args.to[copy], layer), place, load(kv.type, source, place));
  }
}

__global__ void zero_pages_kernel(ZeroPagesArgs args) {
  const KvView& kv = args.kv;
  const std::int64_t n_values = slot_values(kv);
  const std::int64_t n_page = n_values * kPagePositions;
  const std::int64_t n = n_page * kv.n_layers * args.n;
  for (std::int64_t item = first_item(); item < n; item += item_stride()) {
    const std::int64_t page = item / (n_page * kv.n_layers);
    const std::int64_t layer = item / n_page % kv.n_layers;
    const int slot = static_cast<int>(item / n_values % kPagePositions);
    if (slot < args.begin[page]) continue;
    const std::int64_t place = value_place(kv, item % n_values, slot);
    store(kv.type, page_of(kv, args.page[page], layer), place, 0.0F);
  }
}

std::int64_t layer_slots(const KvView& kv) {
  return slot_values(kv) * kPagePositions * kv.n_layers;
}

}  // namespace

std::size_t kv_page_bytes(const KvView& kv) {
  if (kv.type == DType::i8) return 0;  // not kept here
  const std::int64_t value_bytes = kv.type == DType::f32 ? 4 : 2;
  return static_cast<std::size_t>(slot_values(kv) * kPagePositions * value_bytes);
}

void store_kv(const Device& device, const StoreKvArgs& args) {
  launch_threads(device, "store_kv", store_kv_kernel, args.rows.n_rows * slot_values(args.kv),
                 args);
}

void move_slots(const Device& device, const MoveSlotsArgs& args) {
  if (args.n == 0) return;
  launch_threads(device, "move_slots", move_slots_kernel, slot_values(args.kv) * args.kv.n_layers,
                 args);
}

void copy_pages(const Device& device, const CopyPagesArgs& args) {
  launch_threads(device, "copy_pages", copy_pages_kernel, layer_slots(args.kv) * args.n, args);
}

void zero_pages(const Device& device, const ZeroPagesArgs& args) {
  launch_threads(device, "zero_pages", zero_pages_kernel, layer_slots(args.kv) * args.n, args);
}

}  // namespace mr::kern::cuda
