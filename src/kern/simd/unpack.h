#pragma once
#include <immintrin.h>

#include "kern/simd/panel.h"

/// How chunks of the block types become panels: one struct each, whose `unpack` fills the groups of
/// a panel from `group` on. V is the register of the level. Every step is exact: a scale is rounded
/// at most as in the reference decoder.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

// The values of the types with tables, their zero points added.
inline constexpr std::uint8_t kNonLinear[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                                129, 141, 153, 166, 181, 197, 217, 241};
inline constexpr std::uint8_t kMx[16] = {16, 17, 18, 19, 20, 22, 24, 28,
                                         16, 15, 14, 13, 12, 10, 8,  4};

/// Calls body(part, byte offset in a line) for the registers of a line.
template <class V, typename Body>
void each_part(const Body& body) {
  for (unsigned p = 0; p < V::kParts; ++p) body(p * V::kLanes, p * V::kBytes);
}

template <class V>
typename V::I low_nibbles(typename V::I v) {
  return V::both(v, V::bytes(15));
}

template <class V>
typename V::I high_nibbles(typename V::I v) {
  return V::both(V::template right16<4>(v), V::bytes(15));
}

/// A line of low and high nibbles to two lines, each value changed by `as`.
template <class V, typename As>
void split_line(const std::byte* from, std::uint8_t* low, std::uint8_t* high, const As& as) {
  each_part<V>([&](unsigned, unsigned at) {
    const auto v = V::load(from + at);
    V::store(low + at, as(low_nibbles<V>(v), at));
    V::store(high + at, as(high_nibbles<V>(v), at));
  });
}

/// The F16 values of 16 columns.
template <class V>
void load_halves(const std::byte* from, float* to) {
  each_part<V>([&](unsigned lane, unsigned) { V::store_f(to + lane, V::halves(from + 2 * lane)); });
}

/// The same with the sign changed: what GGUF adds, a panel subtracts.
template <class V>
void load_negated(const std::byte* from, float* to) {
  each_part<V>([&](unsigned lane, unsigned) {
    V::store_f(to + lane, V::sub(V::zero_f(), V::halves(from + 2 * lane)));
  });
}

/// The nibble blocks of 32: scale, perhaps minimum and fifth bits, then 4 lines.
template <DType kType>
struct NibbleBlocks {
  static constexpr bool kFifth = kType == DType::q5_0 || kType == DType::q5_1;
  static constexpr bool kHasMinimum = kType == DType::q4_1 || kType == DType::q5_1;
  static constexpr bool kTable = kType == DType::iq4_nl || kType == DType::mxfp4;
  static constexpr PanelKind kKind{.has_minimum = kHasMinimum,
                                   .zero_shift = kHasMinimum              ? -1
                                                 : kType == DType::q4_0   ? 3
                                                 : kType == DType::iq4_nl ? 7
                                                                          : 4,
                                   .wide = kType == DType::iq4_nl,
                                   .most = kFifth                   ? 31
                                           : kType == DType::iq4_nl ? 241
                                           : kType == DType::mxfp4  ? 28
                                                                    : 15};
  static constexpr std::int64_t kScaleBytes = kType == DType::mxfp4 ? 1 : 2;

  template <class V>
  static void unpack(const std::byte* chunk, Panel& to, std::int64_t group) {
    const std::byte* scales = chunk;
    const std::byte* minima = scales + 2 * kStrip * kScaleBytes;
    const std::byte* fifth = minima + (kHasMinimum ? 4 * kStrip : 0);
    const std::byte* lines = fifth + (kFifth ? 8 * kStrip : 0);
    ask_ahead(chunk, chunk_bytes(packed_layout(kType)));
    for (std::int64_t b = 0; b < 2; ++b, ++group) {
      load_scale<V>(scales + b * kStrip * kScaleBytes, to.scale[group]);
      if constexpr (kHasMinimum) load_negated<V>(minima + b * 2 * kStrip, to.minimum[group]);
      for (int i = 0; i < 4; ++i, lines += 64) {
        std::uint8_t* low = to.line[8 * group + i];
        std::uint8_t* high = to.line[8 * group + 4 + i];
        split_line<V>(lines, low, high, [](auto v, unsigned) { return value<V>(v); });
        if constexpr (kFifth) {
          add_fifth<V>(fifth + b * 64, i, low);
          add_fifth<V>(fifth + b * 64, 4 + i, high);
        }
      }
    }
  }

 private:
  template <class V>
  static typename V::I value(typename V::I nibble) {
    if constexpr (kType == DType::iq4_nl) return V::table(kNonLinear, nibble);
    if constexpr (kType == DType::mxfp4) return V::table(kMx, nibble);
    return nibble;
  }

  template <class V>
  static void load_scale(const std::byte* from, float* to) {
    if constexpr (kType == DType::mxfp4) {
      // Half of 2^(e - 127): exponent e - 1, and a subnormal where e is below 2.
      each_part<V>([&](unsigned lane, unsigned) {
        const auto e = V::unsigned_bytes(from + lane);
        V::store_f(to + lane, V::half_power(e));
      });
    } else {
      load_halves<V>(from, to);
    }
  }

  /// Fifth bits 4i to 4i + 3 of every column, onto the line of those weights.
  template <class V>
  static void add_fifth(const std::byte* bits, int i, std::uint8_t* line) {
    each_part<V>([&](unsigned, unsigned at) {
      const auto four = V::both(V::right32(V::load(bits + at), 4 * i), V::words(15));
      const auto spread = V::both(V::mul32(four, V::words(0x00204081)), V::words(0x01010101));
      V::store(line + at, V::either(V::load(line + at), V::template left32<4>(spread)));
    });
  }
};

struct Q8Blocks {
  static constexpr PanelKind kKind{.zero_shift = 7, .wide = true, .most = 255};

  template <class V>
  static void unpack(const std::byte* chunk, Panel& to, std::int64_t group) {
    ask_ahead(chunk, chunk_bytes(packed_layout(DType::q8_0)));
    load_halves<V>(chunk, to.scale[group]);
    load_halves<V>(chunk + 2 * kStrip, to.scale[group + 1]);
    for (int i = 0; i < 16; ++i) {
      each_part<V>([&](unsigned, unsigned at) {
        V::store(to.line[8 * group + i] + at, V::load(chunk + 64 + 64 * i + at));
      });
    }
  }
};

}  // namespace
}  // namespace mr::kern
