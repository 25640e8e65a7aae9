#pragma once
#include "kern/simd/unpack.h"

/// The K-quants and IQ4_XS: one block of 256 a chunk, scales quantized in turn.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

/// Q4_K and Q5_K: scale and minimum of 32 weights, 6 bits each in 12 bytes.
template <bool kFifth>
struct ScaleMinBlocks {
  static constexpr PanelKind kKind{.has_minimum = true, .most = kFifth ? 31 : 15};
  static constexpr DType kType = kFifth ? DType::q5_k : DType::q4_k;

  template <class V>
  static void unpack(const std::byte* chunk, Panel& to, std::int64_t) {
    const std::byte* sixes = chunk + 4 * kStrip;
    const std::byte* fifth = sixes + 12 * kStrip;
    const std::byte* lines = fifth + (kFifth ? 32 * kStrip : 0);
    ask_ahead(chunk, chunk_bytes(packed_layout(kType)));
    each_part<V>([&](unsigned lane, unsigned at) {
      unpack_scales<V>(chunk + 2 * lane, sixes + at, to, lane);
    });
    for (int pair = 0; pair < 4; ++pair) {
      for (int i = 0; i < 8; ++i, lines += 64) {
        const std::byte* bits = fifth + 64 * i;
        std::uint8_t* low = to.line[16 * pair + i];
        std::uint8_t* high = to.line[16 * pair + 8 + i];
        split_line<V>(lines, low, high, [](auto v, unsigned) { return v; });
        if constexpr (kFifth) {
          add_bit<V>(bits, 2 * pair, low);
          add_bit<V>(bits, 2 * pair + 1, high);
        }
      }
    }
  }

 private:
  template <class V>
  static void unpack_scales(const std::byte* scales, const std::byte* sixes, Panel& to,
                            unsigned lane) {
    const auto scale = V::halves(scales);
    const auto minimum = V::halves(scales + 2 * kStrip);
    const auto w0 = V::load(sixes);
    const auto w1 = V::load(sixes + 64);
    const auto w2 = V::load(sixes + 128);
    const auto six = V::bytes(63);
    const auto top = V::bytes(3);
    const auto top_of = [&](auto w) {
      return V::template left16<4>(V::both(V::template right16<6>(w), top));
    };
    const typename V::I scale6[2] = {V::both(w0, six), V::either(low_nibbles<V>(w2), top_of(w0))};
    const typename V::I min6[2] = {V::both(w1, six), V::either(high_nibbles<V>(w2), top_of(w1))};
    for (int g = 0; g < 8; ++g) {
      const auto number = [&](const typename V::I* packed) {
        return V::floats(V::both(V::right32(packed[g / 4], 8 * (g % 4)), V::words(63)));
      };
      V::store_f(to.scale[g] + lane, V::mul(scale, number(scale6)));
      V::store_f(to.minimum[g] + lane, V::mul(minimum, number(min6)));
    }
  }

  /// Bit `bit` of every byte, as the fifth bit of the line's.
  template <class V>
  static void add_bit(const std::byte* bits, int bit, std::uint8_t* line) {
    each_part<V>([&](unsigned, unsigned at) {
      const auto one = V::both(V::right16(V::load(bits + at), bit), V::bytes(1));
      V::store(line + at, V::either(V::load(line + at), V::template left16<4>(one)));
    });
  }
};

struct Q6Blocks {
  static constexpr PanelKind kKind{.halves = true, .zero_shift = 5, .most = 63};

  template <class V>
  static void unpack(const std::byte* chunk, Panel& to, std::int64_t) {
    const std::byte* high = chunk + 128 * kStrip;
    const std::byte* scales = high + 64 * kStrip;
    const std::byte* scale = scales + 16 * kStrip;
    ask_ahead(chunk, chunk_bytes(packed_layout(DType::q6_k)));
    each_part<V>([&](unsigned lane, unsigned) {
      const auto d = V::halves(scale + 2 * lane);
      for (int g = 0; g < 16; ++g) {
        const auto s = V::floats(V::signed_bytes(scales + g * kStrip + lane));
        V::store_f(to.scale[g] + lane, V::mul(d, s));
      }
    });
    for (int half = 0; half < 2; ++half) {
      const std::byte* low = chunk + half * 64 * kStrip;
      for (int i = 0; i < 8; ++i, high += 64) {
        each_part<V>([&](unsigned, unsigned at) {
          const auto top = V::load(high + at);
          const auto two = [&](int field) {
            return V::template left16<4>(V::both(V::right16(top, 2 * field), V::bytes(3)));
          };
          const auto a = V::load(low + 64 * i + at);
          const auto b = V::load(low + 64 * (i + 8) + at);
          std::uint8_t(*line)[64] = to.line + 32 * half + i;
          V::store(line[0] + at, V::either(low_nibbles<V>(a), two(0)));
          V::store(line[8] + at, V::either(low_nibbles<V>(b), two(1)));
          V::store(line[16] + at, V::either(high_nibbles<V>(a), two(2)));
          V::store(line[24] + at, V::either(high_nibbles<V>(b), two(3)));
        });
      }
    }
  }
};

/// Lines of 2-bit values: 32 of a half's 128 weights in each of 4 fields.
template <class V, typename As>
void unpack_twos(const std::byte* lines, Panel& to, const As& as) {
  for (int half = 0; half < 2; ++half) {
    for (int i = 0; i < 8; ++i, lines += 64) {
      each_part<V>([&](unsigned, unsigned at) {
        const auto v = V::load(lines + at);
        for (int field = 0; field < 4; ++field) {
          const auto two = V::both(V::right16(v, 2 * field), V::bytes(3));
          V::store(to.line[32 * half + 8 * field + i] + at, as(two, i, 4 * half + field, at));
        }
      });
    }
  }
}

struct Q2Blocks {
  static constexpr PanelKind kKind{.halves = true, .has_minimum = true, .most = 3};

  template <class V>
  static void unpack(const std::byte* chunk, Panel& to, std::int64_t) {
    const std::byte* scale = chunk + 80 * kStrip;
    ask_ahead(chunk, chunk_bytes(packed_layout(DType::q2_k)));
    each_part<V>([&](unsigned lane, unsigned) {
      const auto d = V::halves(scale + 2 * lane);
      const auto m = V::halves(scale + 2 * kStrip + 2 * lane);
      for (int g = 0; g < 16; ++g) {
        const auto both = V::unsigned_bytes(chunk + g * kStrip + lane);
        V::store_f(to.scale[g] + lane, V::mul(d, V::floats(V::both(both, V::words(15)))));
        V::store_f(to.minimum[g] + lane, V::mul(m, V::floats(V::right32(both, 4))));
      }
    });
    unpack_twos<V>(chunk + 16 * kStrip, to, [](auto two, int, int, unsigned) { return two; });
  }
};

struct Q3Blocks {
  static constexpr PanelKind kKind{.halves = true, .zero_shift = 2, .most = 7};

  template <class V>
  static void unpack(const std::byte* chunk, Panel& to, std::int64_t) {
    const std::byte* sixes = chunk + 96 * kStrip;
    ask_ahead(chunk, chunk_bytes(packed_layout(DType::q3_k)));
    each_part<V>([&](unsigned lane, unsigned at) {
      const auto d = V::halves(sixes + 12 * kStrip + 2 * lane);
      for (int g = 0; g < 16; ++g) {
        const auto low = V::right32(V::load(sixes + g / 4 % 2 * 64 + at), 8 * (g % 4) + g / 8 * 4);
        const auto high = V::right32(V::load(sixes + 128 + at), 8 * (g % 4) + 2 * (g / 4));
        const auto six = V::either(V::both(low, V::words(15)),
                                   V::template left32<4>(V::both(high, V::words(3))));
        V::store_f(to.scale[g] + lane, V::mul(d, V::floats(V::add32(six, V::words(-32)))));
      }
    });
    unpack_twos<V>(chunk + 32 * kStrip, to, [&](auto two, int i, int group, unsigned at) {
      const auto third = V::right16(V::load(chunk + 64 * i + at), group);
      return V::either(two, V::template left16<2>(V::both(third, V::bytes(1))));
    });
  }
};

struct Iq4Blocks {
  static constexpr PanelKind kKind{.zero_shift = 7, .wide = true, .most = 241};

  template <class V>
  static void unpack(const std::byte* chunk, Panel& to, std::int64_t) {
    const std::byte* lines = chunk + 8 * kStrip;
    ask_ahead(chunk, chunk_bytes(packed_layout(DType::iq4_xs)));
    each_part<V>([&](unsigned lane, unsigned at) {
      const auto d = V::halves(chunk + 2 * lane);
      const auto top = V::unsigned_halves(chunk + 2 * kStrip + 2 * lane);
      const auto low = V::load(chunk + 4 * kStrip + at);
      for (int g = 0; g < 8; ++g) {
        const auto high = V::both(V::right32(top, 2 * g), V::words(3));
        const auto six =
            V::either(V::both(V::right32(low, 4 * g), V::words(15)), V::template left32<4>(high));
        V::store_f(to.scale[g] + lane, V::mul(d, V::floats(V::add32(six, V::words(-32)))));
      }
    });
    for (int g = 0; g < 8; ++g) {
      for (int i = 0; i < 4; ++i, lines += 64) {
        split_line<V>(lines, to.line[8 * g + i], to.line[8 * g + 4 + i],
                      [](auto v, unsigned) { return V::table(kNonLinear, v); });
      }
    }
  }
};

}  // namespace
}  // namespace mr::kern
