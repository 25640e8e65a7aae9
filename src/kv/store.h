#pragma once
#include "base/error.h"
#include "kern/buffer.h"
#include "kern/table.h"

namespace mr::kv {

/// What a page must hold: K and V of 64 positions, all layers.
struct StoreShape {
  std::int32_t n_layers = 0;
  std::int32_t n_kv_heads = 0;
  std::int32_t k_dim = 0;
  std::int32_t v_dim = 0;
  bool v_in_k = false;      ///< see kern::KvView
  DType type = DType::f16;  ///< f32, f16 or bf16
};

/// The memory of all pages of one kind.
struct Store {
  kern::Buffer memory;
  kern::KvView view;  ///< without page lists
  std::int32_t n_pages = 0;
};

/// Bytes of one page over all layers, in the layout of the device's level.
std::size_t page_bytes(const kern::Device& device, const StoreShape& shape);

/// Memory for `n_pages` pages, not zeroed yet: whoever takes a page has that done.
/// Errors: does_not_fit.
Expected<Store> make_store(const kern::Device& device, const StoreShape& shape,
                           std::int32_t n_pages);

/// Zeroes every page. Errors: does_not_fit.
Expected<void> zero(const kern::Device& device, const Store& store);

}  // namespace mr::kv
