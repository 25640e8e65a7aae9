#pragma once
#include "kern/simd/decode.h"
#include "kern/simd/unpack_k.h"

/// Products of a panel and a few rows: the micro-kernels. Each has a `Panel`, what `fill`s it from
/// chunks, and `dot`, which adds the products of R rows to their sums. A sum has kChains parts of
/// one column each, and takes K in ascending order whatever R is: so the bits of a row do not
/// depend on the rows beside it.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

/// Rows of activations, as products read them.
struct ActRows {
  const std::byte* row = nullptr;  ///< the first
  ActLayout layout{};
};

template <typename T>
const T* part_of(const ActRows& acts, std::int64_t row, std::int64_t offset) {
  return act_part<T>(acts.row + row * acts.layout.stride, offset);
}

/// Block types: int8 products, one fp32 term for each group. `Type` is a struct of unpack.h.
template <class V, class Type, DType kType>
struct GroupProduct {
  static constexpr unsigned kChains = 1;
  static constexpr unsigned kRows = V::kRows;
  static constexpr std::int64_t kDepth = kPanelDepth;
  static constexpr PanelKind kKind = Type::kKind;
  using Weights = Panel;

  static void fill(DType, const std::byte* chunk, std::int64_t n_chunks_left, Weights& to) {
    constexpr PackedLayout kLayout = packed_layout(kType);
    for (std::int64_t k = 0; k < kDepth && n_chunks_left > 0; k += kLayout.depth, --n_chunks_left) {
      Type::template unpack<V>(chunk, to, k / kGroup);
      chunk += chunk_bytes(kLayout);
    }
  }

  /// The products of 4 * n weights from line `line` on with rows' activations.
  template <unsigned R>
  static void integers(const Weights& w, unsigned at, std::int64_t line, int n,
                       const std::int8_t* const* q, typename V::I* sum) {
    for (int i = 0; i < n; ++i) {
      const auto weights = V::load(w.line[line + i] + at);
      for (unsigned r = 0; r < R; ++r) {
        const std::int8_t* acts = q[r] + 4 * (line + i);
        sum[r] = kKind.wide ? V::dot_wide(sum[r], weights, acts) : V::dot(sum[r], weights, acts);
      }
    }
  }

  static typename V::I first(const std::int32_t* neg_sum) {
    if constexpr (kKind.wide) return V::first_wide(neg_sum);
    if constexpr (kKind.zero_shift < 0) return V::zero();
    return V::template left32 < kKind.zero_shift<0 ? 0 : kKind.zero_shift>(V::words(*neg_sum));
  }

  template <unsigned R>
  static void dot(const Weights& w, const ActRows& acts, std::int64_t row, std::int64_t k,
                  std::int64_t depth, float (*sums)[kChains][kStrip]) {
    constexpr int kLines = kKind.halves ? 4 : 8;
    const ActLayout& l = acts.layout;
    const std::int64_t first_group = k / (4 * kLines);
    const std::int8_t* q[R];
    const std::int32_t* neg_sum[R];
    const float* neg_part[R];
    const float* d[R];
    for (unsigned r = 0; r < R; ++r) {
      q[r] = part_of<std::int8_t>(acts, row + r, l.q) + k;
      neg_sum[r] = part_of<std::int32_t>(acts, row + r, kKind.halves ? l.neg_sum16 : l.neg_sum) +
                   first_group;
      neg_part[r] =
          part_of<float>(acts, row + r, kKind.halves ? l.neg_part16 : l.neg_part) + first_group;
      d[r] = part_of<float>(acts, row + r, l.d) + k / kGroup;
    }
    each_part<V>([&](unsigned lane, unsigned at) {
      typename V::F sum[R];
      for (unsigned r = 0; r < R; ++r) sum[r] = V::load_f(sums[row + r][0] + lane);
      for (std::int64_t g = 0; 4 * kLines * g < depth; ++g) {
        typename V::I ints[R];
        for (unsigned r = 0; r < R; ++r) ints[r] = first(neg_sum[r] + g);
        integers<R>(w, at, kLines * g, kLines, q, ints);
        const auto scale = V::load_f(w.scale[g] + lane);
        for (unsigned r = 0; r < R; ++r) {
          const auto step = V::mul(scale, V::all(d[r][4 * kLines * g / kGroup]));
          sum[r] = V::fma(V::floats(ints[r]), step, sum[r]);
        }
        if constexpr (kKind.has_minimum) {
          const auto minimum = V::load_f(w.minimum[g] + lane);
          for (unsigned r = 0; r < R; ++r) {
            sum[r] = V::fma(minimum, V::all(neg_part[r][g]), sum[r]);
          }
        }
      }
      for (unsigned r = 0; r < R; ++r) V::store_f(sums[row + r][0] + lane, sum[r]);
    });
  }
};

/// Types without an unpacking of their own, as weights of 8 bits with one scale for 32.
/// Cost: about a nanosecond a weight, for every 64 rows.
struct DecodedBlocks {
  static constexpr PanelKind kKind{.zero_shift = 7, .wide = true};

  static void fill(DType type, const std::byte* chunk, Panel& to) {
    float values[kPanelDepth];
    std::byte blocks[kPanelDepth];
    for (std::int64_t c = 0; c < kStrip; ++c) {
      packed::unpack_column(type, chunk, c, blocks);
      ref::decode(type, blocks, values, kPanelDepth);
      for (std::int64_t g = 0; g < kPanelGroups; ++g) fill_group(values + g * kGroup, g, c, to);
    }
  }

 private:
  static void fill_group(const float* values, std::int64_t g, std::int64_t c, Panel& to) {
    float top = 0;
    for (int i = 0; i < kGroup; ++i) top = __builtin_fmaxf(top, __builtin_fabsf(values[i]));
    const float inverse = top > 0 ? 127.0F / top : 0.0F;
    to.scale[g][c] = top / 127.0F;
    for (int i = 0; i < kGroup; ++i) {
      const auto number = static_cast<int>(__builtin_rintf(values[i] * inverse));
      to.line[8 * g + i / 4][4 * c + i % 4] = static_cast<std::uint8_t>(number + 128);
    }
  }
};

template <class V>
struct DecodedProduct : GroupProduct<V, DecodedBlocks, DType::iq3_s> {
  static void fill(DType type, const std::byte* chunk, std::int64_t, Panel& to) {
    DecodedBlocks::fill(type, chunk, to);
  }
};

/// Plain numbers: fp32 products, in four chains of every fourth term.
template <class V, DType kType>
struct FloatProduct {
  static constexpr unsigned kChains = 4;
  static constexpr unsigned kRows = V::kFloatRows;
  static constexpr std::int64_t kDepth = 64;
  struct Weights {
    alignas(64) float value[kDepth][kStrip];
  };

  static void fill(DType type, const std::byte* chunk, std::int64_t, Weights& to) {
    ask_ahead(chunk, chunk_bytes(packed_layout(kType)));
    if constexpr (kType == DType::f8_e4m3) {
      fill_decoded(type, chunk, to);
    } else {
      each_part<V>([&](unsigned lane, unsigned at) {
        for (std::int64_t k = 0; k < kDepth; ++k) {
          if constexpr (kType == DType::f32) {
            V::store(to.value[k] + lane, V::load(chunk + 64 * k + at));
          } else if constexpr (kType == DType::f16) {
            V::store_f(to.value[k] + lane, V::halves(chunk + 32 * k + 2 * lane));
          } else {
            const auto pair = V::load(chunk + k / 2 * 64 + at);
            V::store(to.value[k++] + lane, V::template left32<16>(pair));
            V::store(to.value[k] + lane, V::both(pair, V::words(~0xFFFF)));
          }
        }
      });
    }
  }

  template <unsigned R>
  static void dot(const Weights& w, const ActRows& acts, std::int64_t row, std::int64_t k,
                  std::int64_t depth, float (*sums)[kChains][kStrip]) {
    const float* x[R];
    for (unsigned r = 0; r < R; ++r) x[r] = part_of<float>(acts, row + r, 0) + k;
    each_part<V>([&](unsigned lane, unsigned) {
      typename V::F sum[R][kChains];
      for (unsigned r = 0; r < R; ++r) {
        for (unsigned c = 0; c < kChains; ++c) sum[r][c] = V::load_f(sums[row + r][c] + lane);
      }
      for (std::int64_t i = 0; i < depth; i += kChains) {
        for (unsigned c = 0; c < kChains; ++c) {
          const auto weight = V::load_f(w.value[i + c] + lane);
          for (unsigned r = 0; r < R; ++r) {
            sum[r][c] = V::fma(weight, V::all(x[r][i + c]), sum[r][c]);
          }
        }
      }
      for (unsigned r = 0; r < R; ++r) {
        for (unsigned c = 0; c < kChains; ++c) V::store_f(sums[row + r][c] + lane, sum[r][c]);
      }
    });
  }

 private:
  static void fill_decoded(DType type, const std::byte* chunk, Weights& to) {
    float values[kDepth];
    std::byte bytes[kDepth];
    for (std::int64_t c = 0; c < kStrip; ++c) {
      packed::unpack_column(type, chunk, c, bytes);
      ref::decode(type, bytes, values, kDepth);
      for (std::int64_t k = 0; k < kDepth; ++k) to.value[k][c] = values[k];
    }
  }
};

}  // namespace
}  // namespace mr::kern
