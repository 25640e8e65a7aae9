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

  static constexpr int kLines = kKind.halves ? 4 : 8;  // of a group
  static constexpr unsigned kTogether = V::kTogether;  // parts that share a load of activations
  static constexpr bool kPairSums = V::kPairSums && !kKind.wide;

  /// Adds the products of a group, from line `line` on, to the sums of R rows.
  template <unsigned R>
  static void integers(const Weights& w, unsigned at, std::int64_t line,
                       const std::int8_t* const* q, typename V::I (*sum)[kTogether]) {
    if constexpr (kPairSums) return pair_sums<R>(w, at, line, q, sum);
    for (int i = 0; i < kLines; ++i) {
      typename V::I weights[kTogether];
      load_line(w, at, line + i, weights);
      for (unsigned r = 0; r < R; ++r) {
        const auto acts = V::four(q[r] + 4 * (line + i));
        for (unsigned p = 0; p < kTogether; ++p) {
          sum[r][p] = kKind.wide ? V::dot_wide(sum[r][p], weights[p], acts)
                                 : V::dot(sum[r][p], weights[p], acts);
        }
      }
    }
  }

  /// The same where products of pairs come in 16 bits: those of as many lines as fit are added
  /// there, so that a line costs a row two instructions less.
  template <unsigned R>
  static void pair_sums(const Weights& w, unsigned at, std::int64_t line,
                        const std::int8_t* const* q, typename V::I (*sum)[kTogether]) {
    constexpr int kFit = 32767 / (2 * 128 * kKind.most);
    constexpr int kStep = kFit < kLines ? kFit : kLines;
    for (int first = 0; first < kLines; first += kStep) {
      typename V::I pairs[R][kTogether];
      const auto each_product = [&](int i, const auto& body) {
        typename V::I weights[kTogether];
        load_line(w, at, line + first + i, weights);
        for (unsigned r = 0; r < R; ++r) {
          const auto acts = V::four(q[r] + 4 * (line + first + i));
          for (unsigned p = 0; p < kTogether; ++p) body(pairs[r][p], V::pairs(weights[p], acts));
        }
      };
      each_product(0, [](auto& sums, auto products) { sums = products; });
#pragma GCC unroll 8
      for (int i = 1; i < kStep; ++i) {
        each_product(i, [](auto& sums, auto products) { sums = V::add16(sums, products); });
      }
      each_sum<R>(
          [&](unsigned r, unsigned p) { sum[r][p] = V::add_pairs(sum[r][p], pairs[r][p]); });
    }
  }

  /// Calls body(row, part) for the sums of R rows.
  template <unsigned R, typename Body>
  static void each_sum(const Body& body) {
    for (unsigned r = 0; r < R; ++r) {
      for (unsigned p = 0; p < kTogether; ++p) body(r, p);
    }
  }

  static void load_line(const Weights& w, unsigned at, std::int64_t line, typename V::I* weights) {
    for (unsigned p = 0; p < kTogether; ++p) {
      weights[p] = V::load(w.line[line] + at + p * V::kBytes);
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
    for (unsigned part = 0; part < V::kParts; part += kTogether) {
      const unsigned lane = part * V::kLanes;
      typename V::F sum[R][kTogether];
      each_sum<R>([&](unsigned r, unsigned p) {
        sum[r][p] = V::load_f(sums[row + r][0] + lane + p * V::kLanes);
      });
      for (std::int64_t g = 0; 4 * kLines * g < depth; ++g) {
        typename V::I ints[R][kTogether];
        // What zero points take off comes first where that is free, last where it holds a register.
        each_sum<R>([&](unsigned r, unsigned p) {
          ints[r][p] = kPairSums ? V::zero() : first(neg_sum[r] + g);
        });
        integers<R>(w, part * V::kBytes, kLines * g, q, ints);
        if constexpr (kPairSums && kKind.zero_shift >= 0) {
          each_sum<R>([&](unsigned r, unsigned p) {
            ints[r][p] = V::add32(ints[r][p], first(neg_sum[r] + g));
          });
        }
        each_sum<R>([&](unsigned r, unsigned p) {
          const auto scale = V::load_f(w.scale[g] + lane + p * V::kLanes);
          const auto step = V::mul(scale, V::all(d[r][4 * kLines * g / kGroup]));
          sum[r][p] = V::fma(V::floats(ints[r][p]), step, sum[r][p]);
        });
        if constexpr (kKind.has_minimum) {
          each_sum<R>([&](unsigned r, unsigned p) {
            const auto minimum = V::load_f(w.minimum[g] + lane + p * V::kLanes);
            sum[r][p] = V::fma(minimum, V::all(neg_part[r][g]), sum[r][p]);
          });
        }
      }
      each_sum<R>([&](unsigned r, unsigned p) {
        V::store_f(sums[row + r][0] + lane + p * V::kLanes, sum[r][p]);
      });
    }
  }
};

/// Types without an unpacking of their own, as weights of 8 bits with one scale for 32.
/// Cost: about a nanosecond a weight, for every 64 rows.
struct DecodedBlocks {
  static constexpr PanelKind kKind{.zero_shift = 7, .wide = true, .most = 255};

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

/// BF16 weights and activations, in four chains of every fourth pair.
template <class V>
struct PairProduct {
  static constexpr unsigned kChains = 4;
  static constexpr unsigned kRows = V::kFloatRows;
  static constexpr std::int64_t kDepth = 64;
  using Weights = const std::byte*;  // as they stand

  static void fill(DType, const std::byte* chunk, std::int64_t, Weights& to) {
    ask_ahead(chunk, chunk_bytes(packed_layout(DType::bf16)));
    to = chunk;
  }

  template <unsigned R>
  static void dot(const Weights& w, const ActRows& acts, std::int64_t row, std::int64_t k,
                  std::int64_t depth, float (*sums)[kChains][kStrip]) {
    const std::uint16_t* x[R];
    typename V::F sum[R][kChains];
    const auto each_sum = [&](const auto& body) {
      for (unsigned r = 0; r < R; ++r) {
        for (unsigned c = 0; c < kChains; ++c) body(r, c);
      }
    };
    for (unsigned r = 0; r < R; ++r)
      x[r] = part_of<std::uint16_t>(acts, row + r, acts.layout.b) + k;
    each_sum([&](unsigned r, unsigned c) { sum[r][c] = V::load_f(sums[row + r][c]); });
    for (std::int64_t i = 0; i < depth / 2; i += kChains) {
      each_sum([&](unsigned r, unsigned c) {
        sum[r][c] = V::dot_pairs(sum[r][c], w + 64 * (i + c), x[r] + 2 * (i + c));
      });
    }
    each_sum([&](unsigned r, unsigned c) { V::store_f(sums[row + r][c], sum[r][c]); });
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
    constexpr unsigned kFew = V::kFloatSums / (R * V::kParts);
    constexpr unsigned kOnce = kFew >= 4 ? 4 : kFew >= 2 ? 2 : 1;  // chains at a time
    for (unsigned chain = 0; chain < kChains; chain += kOnce) {
      some_chains<R, kOnce>(w, x, chain, depth, sums + row);
    }
  }

 private:
  /// The chains from `chain` on: as many sums as there are registers.
  template <unsigned R, unsigned kOnce>
  static void some_chains(const Weights& w, const float* const* x, unsigned chain,
                          std::int64_t depth, float (*sums)[kChains][kStrip]) {
    typename V::F sum[R][kOnce][V::kParts];
    const auto each_sum = [&](const auto& body) {
      for (unsigned r = 0; r < R; ++r) {
        for (unsigned c = 0; c < kOnce; ++c) {
          for (unsigned p = 0; p < V::kParts; ++p) {
            body(sum[r][c][p], sums[r][chain + c] + p * V::kLanes);
          }
        }
      }
    };
    each_sum([](auto& to, const float* from) { to = V::load_f(from); });
    for (std::int64_t i = chain; i < depth; i += kChains) {
      for (unsigned c = 0; c < kOnce; ++c) {
        typename V::F weight[V::kParts];
        for (unsigned p = 0; p < V::kParts; ++p) {
          weight[p] = V::load_f(w.value[i + c] + p * V::kLanes);
        }
        for (unsigned r = 0; r < R; ++r) {
          const auto number = V::all(x[r][i + c]);
          for (unsigned p = 0; p < V::kParts; ++p) {
            sum[r][c][p] = V::fma(weight[p], number, sum[r][c][p]);
          }
        }
      }
    }
    each_sum([](const auto& from, float* to) { V::store_f(to, from); });
  }

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
