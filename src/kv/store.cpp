#include "kv/store.h"

#include <numeric>
#include <vector>

#include "base/checked.h"

namespace mr::kv {
namespace {

kern::KvView view_of(const kern::Device& device, const StoreShape& shape) {
  kern::KvView view;
  view.n_layers = shape.n_layers;
  view.type = shape.type;
  view.n_kv_heads = shape.n_kv_heads;
  view.k_dim = shape.k_dim;
  view.v_dim = shape.v_dim;
  view.v_in_k = shape.v_in_k;
  view.page_bytes = device.ops->kv_page_bytes(view);
  return view;
}

}  // namespace

Expected<void> zero(const kern::Device& device, const Store& store) {
  const auto n = static_cast<std::size_t>(store.n_pages);
  std::vector<std::int32_t> ids(2 * n, 0);
  std::iota(ids.begin(), ids.begin() + store.n_pages, 0);
  const std::size_t bytes = ids.size() * sizeof(std::int32_t);
  MR_TRY(const auto buffer, kern::make_buffer(device, bytes, "page list"));
  device.ops->upload(device, buffer.data, ids.data(), bytes);
  const auto* page = kern::as<std::int32_t>(buffer);
  device.ops->zero_pages(device,
                         {.kv = store.view, .page = page, .begin = page + n, .n = store.n_pages});
  device.ops->synchronize(device);
  return {};
}

std::size_t page_bytes(const kern::Device& device, const StoreShape& shape) {
  return view_of(device, shape).page_bytes * static_cast<std::size_t>(shape.n_layers);
}

Expected<Store> make_store(const kern::Device& device, const StoreShape& shape,
                           std::int32_t n_pages) {
  Store store;
  store.view = view_of(device, shape);
  store.n_pages = n_pages;
  const auto bytes = checked::mul(page_bytes(device, shape), static_cast<std::size_t>(n_pages));
  if (!bytes) {
    return fail(Fault::does_not_fit,
                "KV cache: wanted " + std::to_string(n_pages) + " pages, found no such memory");
  }
  MR_TRY(store.memory, kern::make_buffer(device, *bytes, "KV cache"));
  store.view.memory = kern::as<std::byte>(store.memory);
  return store;
}

}  // namespace mr::kv
