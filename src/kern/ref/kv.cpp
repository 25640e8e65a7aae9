#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "kern/ref/ref.h"
#include "kern/simd/page.h"
#include "kern/simd/parallel.h"

namespace mr::kern::ref {
namespace {

/// round(x / scale) with scale = max |x| / 127, which is NaN where a value is not finite.
void encode_i8(const float* from, std::int64_t n, std::byte* to, std::byte* scale_to) {
  float largest = 0;
  float not_finite = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::fabs(from[i]));
    not_finite += from[i] * 0.0F;
  }
  const float inverse = largest > 0 ? 127.0F / largest : 0.0F;
  const float scale = largest / 127.0F + not_finite;
  std::memcpy(scale_to, &scale, sizeof scale);
  for (std::int64_t i = 0; i < n; ++i) {
    const float q = std::nearbyint(from[i] * inverse);
    to[i] = static_cast<std::byte>(q >= -127 && q <= 127 ? static_cast<int>(q) : 0);
  }
}

/// `scale` is where that of I8 stands.
void encode(DType type, const float* from, std::int64_t n, std::byte* to, std::byte* scale) {
  if (type == DType::i8) return encode_i8(from, n, to, scale);
  if (type == DType::f32) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint16_t half = type == DType::f16 ? f32_to_f16(from[i]) : f32_to_bf16(from[i]);
    std::memcpy(to + i * 2, &half, sizeof half);
  }
}

/// Calls body(offset, bytes) for the runs that slots [begin, begin + n) of a page consist of.
template <typename Body>
void runs(const KvView& kv, std::int64_t begin, std::int64_t n, const Body& body) {
  for (std::int64_t head = 0; head < kv.n_kv_heads; ++head) {
    body(k_offset(kv, head, begin), static_cast<std::size_t>(n * kv.k_dim * element_bytes(kv)));
    if (kv.type == DType::i8)
      body(k_scale_offset(kv, head, begin), static_cast<std::size_t>(n * 4));
    if (kv.v_in_k) continue;
    body(v_offset(kv, head, begin), static_cast<std::size_t>(n * kv.v_dim * element_bytes(kv)));
    if (kv.type == DType::i8)
      body(v_scale_offset(kv, head, begin), static_cast<std::size_t>(n * 4));
  }
}

}  // namespace

std::size_t kv_page_bytes(const KvView& kv) {
  if (kv.type != DType::i8) return static_cast<std::size_t>(values_end(kv));
  return static_cast<std::size_t>(k_scale_offset(kv, (kv.v_in_k ? 1 : 2) * kv.n_kv_heads, 0));
}

void store_kv(const Device& device, const StoreKvArgs& a) {
  const KvView& kv = a.kv;
  const std::int64_t n_heads = kv.n_kv_heads;
  shares(device, a.rows.n_rows * n_heads, 8, [&](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) {
      const std::int64_t row = i / n_heads;
      const std::int64_t head = i % n_heads;
      const std::int64_t slot = a.rows.slot[row];
      std::byte* page = page_of(kv, a.layer, a.rows.seq[row], slot);
      encode(kv.type, a.k + i * kv.k_dim, kv.k_dim, page + k_offset(kv, head, slot),
             page + k_scale_offset(kv, head, slot));
      if (kv.v_in_k) continue;
      encode(kv.type, a.v + i * kv.v_dim, kv.v_dim, page + v_offset(kv, head, slot),
             page + v_scale_offset(kv, head, slot));
    }
  });
}

void move_slots(const Device& device, const MoveSlotsArgs& a) {
  each(device, a.n > 0 ? a.kv.n_layers : 0, [&](std::int64_t layer) {
    for (std::int64_t i = 0; i < a.n; ++i) {
      if (a.from[i] == a.to[i]) continue;
      const std::byte* from = page_of(a.kv, layer, a.seq[i], a.from[i]);
      std::byte* to = page_of(a.kv, layer, a.seq[i], a.to[i]);
      // A run's offset is linear in the slot, so the target's is found by the same walk.
      const std::int64_t k_step = (a.to[i] % kPagePositions - a.from[i] % kPagePositions);
      runs(a.kv, a.from[i], 1, [&](std::int64_t offset, std::size_t bytes) {
        std::memcpy(to + offset + k_step * static_cast<std::int64_t>(bytes), from + offset, bytes);
      });
    }
  });
}

void copy_pages(const Device& device, const CopyPagesArgs& a) {
  each(device, std::int64_t{a.n} * a.kv.n_layers, [&](std::int64_t i) {
    const std::int64_t layer = i % a.kv.n_layers;
    const std::int64_t which = i / a.kv.n_layers;
    const std::byte* from = page_at(a.kv, a.from[which], layer);
    std::byte* to = page_at(a.kv, a.to[which], layer);
    runs(a.kv, 0, a.n_slots[which], [&](std::int64_t offset, std::size_t bytes) {
      std::memcpy(to + offset, from + offset, bytes);
    });
  });
}

void zero_pages(const Device& device, const ZeroPagesArgs& a) {
  each(device, std::int64_t{a.n} * a.kv.n_layers, [&](std::int64_t i) {
    const std::int64_t which = i / a.kv.n_layers;
    std::byte* page = page_at(a.kv, a.page[which], i % a.kv.n_layers);
    const std::int64_t begin = a.begin[which];
    runs(a.kv, begin, kPagePositions - begin,
         [&](std::int64_t offset, std::size_t bytes) { std::memset(page + offset, 0, bytes); });
  });
}

}  // namespace mr::kern::ref
