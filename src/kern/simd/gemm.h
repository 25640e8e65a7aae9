#pragma once
#include "kern/simd/activate.h"
#include "kern/simd/parallel.h"
#include "kern/simd/product.h"
#include "kern/simd/tile_product.h"

/// The product of packed weights and activations, over the registers V of a level. Strips are dealt
/// out to the team; each is read once for every 64 rows, and its panels serve all of them.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

inline constexpr std::int64_t kPassRows = 64;  // rows that share an unpacked panel
inline constexpr std::int64_t kFewRows = 16;   // whose activations stay in L1

/// Product::dot with as many rows as there are, at most R.
template <class Product, unsigned R, typename... Args>
void dot_rows(std::int64_t n_rows, Args&&... args) {
  if constexpr (R > 1) {
    if (n_rows < R) return dot_rows<Product, R - 1>(n_rows, args...);
  }
  Product::template dot<R>(args...);
}

/// Adds the chains of one row and ends it.
template <class V, unsigned kChains>
void finish(const GemmArgs& a, std::int64_t row, std::int64_t out, float (*chains)[kStrip]) {
  if constexpr (kChains == 4) {
    each_part<V>([&](unsigned lane, unsigned) {
      const auto even = V::add(V::load_f(chains[0] + lane), V::load_f(chains[1] + lane));
      const auto odd = V::add(V::load_f(chains[2] + lane), V::load_f(chains[3] + lane));
      V::store_f(chains[0] + lane, V::add(even, odd));
    });
  }
  end_row(a, row, out, chains[0]);
}

/// S strips from `strip` on, for up to kPassRows rows from `row` on.
template <class V, class Product, unsigned S>
void strip_rows(const GemmArgs& a, std::int64_t strip, std::int64_t row, std::int64_t n_rows) {
  typename Product::Weights weights[S];
  alignas(64) float sums[S][kPassRows][Product::kChains][kStrip];
  for (auto& of_strip : sums) {
    for (std::int64_t r = 0; r < n_rows; ++r) {
      for (auto& chain : of_strip[r]) {
        each_part<V>([&](unsigned lane, unsigned) { V::store_f(chain + lane, V::zero_f()); });
      }
    }
  }
  const PackedLayout l = packed_layout(a.weight.type);
  const std::int64_t strip_bytes = n_chunks(l, a.weight.n_in) * chunk_bytes(l);
  const auto* chunk = static_cast<const std::byte*>(a.weight.data) + strip * strip_bytes;
  ActRows acts{.layout = act_layout(a.weight.n_in)};
  acts.row = a.acts + row * acts.layout.stride;
  std::int64_t left = n_chunks(l, a.weight.n_in);
  for (std::int64_t k = 0; left > 0; k += Product::kDepth) {
    const std::int64_t n = Product::kDepth / l.depth < left ? Product::kDepth / l.depth : left;
    for (unsigned s = 0; s < S; ++s) {
      Product::fill(a.weight.type, chunk + s * strip_bytes, n, weights[s]);
    }
    for (std::int64_t r = 0; r < n_rows; r += Product::kRows) {
      for (unsigned s = 0; s < S; ++s) {
        dot_rows<Product, Product::kRows>(n_rows - r, weights[s], acts, r, k, n * l.depth, sums[s]);
      }
    }
    chunk += n * chunk_bytes(l);
    left -= n;
  }
  for (unsigned s = 0; s < S; ++s) {
    for (std::int64_t r = 0; r < n_rows; ++r) {
      finish<V, Product::kChains>(a, row + r, (strip + s) * kStrip, sums[s][r]);
    }
  }
}

/// Many rows take kManyStrips at once: their activations come from L2 so many times less, and the
/// panels still fit into L1. Few rows read one strip after the other, as they stand in memory.
template <class V, class Product>
void strips(const GemmArgs& a, std::int64_t strip, std::int64_t end) {
  constexpr unsigned kManyStrips = 4;
  while (strip < end) {
    const bool many = a.n_rows > kFewRows && end - strip >= kManyStrips;
    for (std::int64_t row = 0; row < a.n_rows; row += kPassRows) {
      const std::int64_t left = a.n_rows - row;
      const std::int64_t n = left < kPassRows ? left : kPassRows;
      if (many) {
        strip_rows<V, Product, kManyStrips>(a, strip, row, n);
      } else {
        strip_rows<V, Product, 1>(a, strip, row, n);
      }
    }
    strip += many ? kManyStrips : 1;
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
      if constexpr (requires { typename V::Unit; }) {
        return tile_strips<typename V::Unit>(a, strip, end);
      } else if constexpr (V::kPairs) {
        return strips<V, PairProduct<V>>(a, strip, end);
      } else {
        return strips<V, FloatProduct<V, DType::bf16>>(a, strip, end);
      }
    case DType::f8_e4m3:
      return strips<V, FloatProduct<V, DType::f8_e4m3>>(a, strip, end);
    default:
      return strips<V, DecodedProduct<V>>(a, strip, end);
  }
}

inline std::int64_t n_strips(const Weight& weight) {
  return (weight.n_out + kStrip - 1) / kStrip;
}

/// `n` products in one pass: the threads wait for each other but once.
template <class V>
void packed_gemms(const Device& device, const GemmArgs* all, int n) {
  std::int64_t n_all = 0;
  for (int i = 0; i < n; ++i) n_all += all[i].n_rows > 0 ? n_strips(all[i].weight) : 0;
  shares(device, n_all, 1, [&](std::int64_t begin, std::int64_t end) {
    for (int i = 0; i < n && end > 0; ++i) {
      const std::int64_t own = all[i].n_rows > 0 ? n_strips(all[i].weight) : 0;
      const std::int64_t last = end < own ? end : own;
      if (begin < last) gemm_strips<V>(all[i], begin > 0 ? begin : 0, last);
      begin -= own;
      end -= own;
    }
  });
}

/// Gate, up and what becomes of them in one pass: a thread activates and quantizes the columns that
/// it has just made, while they are in its cache.
template <class V>
void packed_gate_up(const Device& device, const GateUpArgs& a) {
  constexpr std::int64_t kColumns = requires { typename V::Unit; } ? kTileStrips * kStrip : 64;
  const std::int64_t n_out = a.gate.n_out;
  const GemmArgs gate{.weight = a.gate, .acts = a.acts, .n_rows = a.n_rows, .y = a.gate_scratch};
  const GemmArgs up{.weight = a.up, .acts = a.acts, .n_rows = a.n_rows, .y = a.up_scratch};
  const ActMulArgs both{.gate = a.gate_scratch,
                        .up = a.up_scratch,
                        .activation = a.activation,
                        .n_rows = a.n_rows,
                        .dim = static_cast<std::int32_t>(n_out),
                        .acts = a.acts_out};
  shares(device, a.n_rows > 0 ? n_out : 0, kColumns, [&](std::int64_t begin, std::int64_t end) {
    for (; begin < end; begin += kColumns) {
      const std::int64_t last = end - begin < kColumns ? end : begin + kColumns;
      const std::int64_t strip = begin / kStrip;
      const std::int64_t strip_end = (last + kStrip - 1) / kStrip;
      gemm_strips<V>(gate, strip, strip_end);
      gemm_strips<V>(up, strip, strip_end);
      for (std::int64_t r = 0; r < a.n_rows; ++r) activate_columns(both, r, begin, last);
    }
  });
}

/// The products of all experts that have rows, in one pass over their strips.
template <class V>
void packed_experts(const Device& device, const ExpertGemmArgs& a) {
  const Experts& w = a.weight;
  const std::int64_t stride = act_layout(w.n_in).stride;
  const std::int64_t each_strips = (w.n_out + kStrip - 1) / kStrip;
  std::int16_t used[kMaxExperts];
  std::int64_t n_used = 0;
  for (std::int64_t e = 0; e < w.n_experts; ++e) {
    if (a.begin[e] < a.begin[e + 1]) used[n_used++] = static_cast<std::int16_t>(e);
  }
  shares(device, n_used * each_strips, 1, [&](std::int64_t strip, std::int64_t end) {
    while (strip < end) {
      const std::int64_t first = strip % each_strips;
      const std::int64_t n = end - strip < each_strips - first ? end - strip : each_strips - first;
      const std::int64_t e = used[strip / each_strips];
      const std::int64_t begin = a.begin[e];
      gemm_strips<V>({.weight = {w.data + e * w.stride, w.type, w.n_out, w.n_in},
                      .acts = a.acts + begin * stride,
                      .bias = a.bias != nullptr ? a.bias + e * w.n_out : nullptr,
                      .n_rows = static_cast<std::int32_t>(a.begin[e + 1] - begin),
                      .y = a.y + begin * w.n_out},
                     first, first + n);
      strip += n;
    }
  });
}

}  // namespace
}  // namespace mr::kern
