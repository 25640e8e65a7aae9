#pragma once
#include "kern/simd/parallel.h"
#include "kern/simd/product.h"

/// The product of packed weights and activations, over the registers V of a level. Strips are dealt
/// out to the team; each is read once for every 64 rows, and its panels serve all of them.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

inline constexpr std::int64_t kPassRows = 64;  // rows that share an unpacked panel

/// Product::dot with as many rows as there are, at most R.
template <class Product, unsigned R, typename... Args>
void dot_rows(std::int64_t n_rows, Args&&... args) {
  if constexpr (R > 1) {
    if (n_rows < R) return dot_rows<Product, R - 1>(n_rows, args...);
  }
  Product::template dot<R>(args...);
}

/// Ends the sums of one row: bias, then what y has.
template <class V, unsigned kChains>
void finish(const GemmArgs& a, std::int64_t row, std::int64_t out, float (*chains)[kStrip]) {
  if constexpr (kChains == 4) {
    each_part<V>([&](unsigned lane, unsigned) {
      const auto even = V::add(V::load_f(chains[0] + lane), V::load_f(chains[1] + lane));
      const auto odd = V::add(V::load_f(chains[2] + lane), V::load_f(chains[3] + lane));
      V::store_f(chains[0] + lane, V::add(even, odd));
    });
  }
  float* y = a.y + row * a.weight.n_out + out;
  const std::int64_t n = a.weight.n_out - out < kStrip ? a.weight.n_out - out : kStrip;
  for (std::int64_t c = 0; c < n; ++c) {
    const float sum = a.bias != nullptr ? chains[0][c] + a.bias[out + c] : chains[0][c];
    y[c] = a.accumulate ? y[c] + sum : sum;
  }
}

/// One strip for up to kPassRows rows from `row` on.
template <class V, class Product>
void strip_rows(const GemmArgs& a, const std::byte* chunk, std::int64_t strip, std::int64_t row,
                std::int64_t n_rows) {
  typename Product::Weights weights;
  alignas(64) float sums[kPassRows][Product::kChains][kStrip];
  for (std::int64_t r = 0; r < n_rows; ++r) {
    for (auto& chain : sums[r]) {
      each_part<V>([&](unsigned lane, unsigned) { V::store_f(chain + lane, V::zero_f()); });
    }
  }
  const PackedLayout l = packed_layout(a.weight.type);
  ActRows acts{.layout = act_layout(a.weight.n_in)};
  acts.row = a.acts + row * acts.layout.stride;
  std::int64_t left = n_chunks(l, a.weight.n_in);
  for (std::int64_t k = 0; left > 0; k += Product::kDepth) {
    const std::int64_t n = Product::kDepth / l.depth < left ? Product::kDepth / l.depth : left;
    Product::fill(a.weight.type, chunk, n, weights);
    for (std::int64_t r = 0; r < n_rows; r += Product::kRows) {
      dot_rows<Product, Product::kRows>(n_rows - r, weights, acts, r, k, n * l.depth, sums);
    }
    chunk += n * chunk_bytes(l);
    left -= n;
  }
  for (std::int64_t r = 0; r < n_rows; ++r) {
    finish<V, Product::kChains>(a, row + r, strip * kStrip, sums[r]);
  }
}

template <class V, class Product>
void strips(const GemmArgs& a, std::int64_t strip, std::int64_t end) {
  const PackedLayout l = packed_layout(a.weight.type);
  const std::int64_t strip_bytes = n_chunks(l, a.weight.n_in) * chunk_bytes(l);
  const auto* data = static_cast<const std::byte*>(a.weight.data);
  for (; strip < end; ++strip) {
    for (std::int64_t row = 0; row < a.n_rows; row += kPassRows) {
      const std::int64_t left = a.n_rows - row;
      strip_rows<V, Product>(a, data + strip * strip_bytes, strip, row,
                             left < kPassRows ? left : kPassRows);
    }
  }
}

/// Strips [strip, end) of a product.
template <class V>
void gemm_strips(const GemmArgs& a, std::int64_t strip, std::int64_t end) {
  switch (a.weight.type) {
#define MR_GROUPS(name, ...) \
  case DType::name:          \
    return strips<V, GroupProduct<V, __VA_ARGS__, DType::name>>(a, strip, end)
    MR_GROUPS(q4_0, NibbleBlocks<DType::q4_0>);
    MR_GROUPS(q4_1, NibbleBlocks<DType::q4_1>);
    MR_GROUPS(q5_0, NibbleBlocks<DType::q5_0>);
    MR_GROUPS(q5_1, NibbleBlocks<DType::q5_1>);
    MR_GROUPS(iq4_nl, NibbleBlocks<DType::iq4_nl>);
    MR_GROUPS(mxfp4, NibbleBlocks<DType::mxfp4>);
    MR_GROUPS(q8_0, Q8Blocks);
    MR_GROUPS(q2_k, Q2Blocks);
    MR_GROUPS(q3_k, Q3Blocks);
    MR_GROUPS(q4_k, ScaleMinBlocks<false>);
    MR_GROUPS(q5_k, ScaleMinBlocks<true>);
    MR_GROUPS(q6_k, Q6Blocks);
    MR_GROUPS(iq4_xs, Iq4Blocks);
#undef MR_GROUPS
    case DType::f32:
      return strips<V, FloatProduct<V, DType::f32>>(a, strip, end);
    case DType::f16:
      return strips<V, FloatProduct<V, DType::f16>>(a, strip, end);
    case DType::bf16:
      return strips<V, FloatProduct<V, DType::bf16>>(a, strip, end);
    case DType::f8_e4m3:
      return strips<V, FloatProduct<V, DType::f8_e4m3>>(a, strip, end);
    default:
      return strips<V, DecodedProduct<V>>(a, strip, end);
  }
}

template <class V>
void packed_gemm(const Device& device, const GemmArgs& a) {
  if (a.n_rows == 0) return;
  shares(device, (a.weight.n_out + kStrip - 1) / kStrip, 1,
         [&](std::int64_t strip, std::int64_t end) { gemm_strips<V>(a, strip, end); });
}

}  // namespace
}  // namespace mr::kern
