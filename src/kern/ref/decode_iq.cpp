#include <bit>

#include "kern/ref/decode_block.h"
#include "kern/ref/iquant_grid.h"

// The i-quants: groups of elements are entries of a codebook, with signs and scales beside them.
namespace mr::kern::ref {
namespace {

constexpr std::int8_t kNonlinear[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                        1,    13,   25,  38,  53,  69,  89,  113};

// Eight signs from seven bits: the eighth makes the number of minus signs even.
std::uint32_t even_signs(std::uint32_t index) {
  const std::uint32_t seven = index & 127U;
  return seven | static_cast<std::uint32_t>(std::popcount(seven) & 1) << 7;
}

float signed_value(float magnitude, std::uint32_t signs, int i) {
  return (signs >> i & 1U) != 0 ? -magnitude : magnitude;
}

// Eight elements from an entry of a 2-bit codebook.
void put_grid2(std::uint32_t entry, float scale, std::uint32_t signs, float* to) {
  for (int i = 0; i < 8; ++i) {
    const auto magnitude = static_cast<float>(kMagnitude2[entry >> (2 * i) & 3U]);
    to[i] = signed_value(scale * magnitude, signs, i);
  }
}

// Four elements from an entry of a 3-bit codebook.
void put_grid3(std::uint32_t entry, const std::uint8_t* magnitudes, float scale,
               std::uint32_t signs, float* to) {
  for (int i = 0; i < 4; ++i) {
    const auto magnitude = static_cast<float>(magnitudes[entry >> (4 * i) & 7U]);
    to[i] = signed_value(scale * magnitude, signs, i);
  }
}

// Nibble `i` of packed 4-bit numbers, low half first.
int nibble_at(const std::uint8_t* bytes, int i) {
  return bytes[i / 2] >> (4 * (i % 2)) & 15;
}

}  // namespace

// scale, quants[16] (4 bits: low halves, then high halves)
void decode_iq4_nl(const std::uint8_t* block, float* to) {
  const float scale = load_f16(block);
  for (int i = 0; i < 16; ++i) {
    to[i] = scale * static_cast<float>(kNonlinear[block[2 + i] & 15]);
    to[16 + i] = scale * static_cast<float>(kNonlinear[block[2 + i] >> 4]);
  }
}

// scale, high scale bits (u16), low scale bits[4], quants[128] (4 bits)
void decode_iq4_xs(const std::uint8_t* block, float* to) {
  const std::uint32_t high_bits = load<std::uint16_t>(block + 2);
  for (int sub = 0; sub < 8; ++sub) {
    const auto high = static_cast<int>(high_bits >> (2 * sub) & 3U);
    const int scale_number = (nibble_at(block + 4, sub) | high << 4) - 32;
    const float scale = load_f16(block) * static_cast<float>(scale_number);
    const std::uint8_t* quants = block + 8 + 16 * sub;
    for (int i = 0; i < 16; ++i) {
      to[32 * sub + i] = scale * static_cast<float>(kNonlinear[quants[i] & 15]);
      to[32 * sub + 16 + i] = scale * static_cast<float>(kNonlinear[quants[i] >> 4]);
    }
  }
}

// scale, then for each 32 elements: four indices[8 bits], a word of 4 x 7 sign bits and the scale
void decode_iq2_xxs(const std::uint8_t* block, float* to) {
  for (int sub = 0; sub < 8; ++sub) {
    const std::uint8_t* packed = block + 2 + 8 * sub;
    const std::uint32_t word = load<std::uint32_t>(packed + 4);
    const float scale = load_f16(block) * (0.5F + static_cast<float>(word >> 28)) * 0.25F;
    for (int i = 0; i < 4; ++i) {
      put_grid2(kGrid2xxs[packed[i]], scale, even_signs(word >> (7 * i)), to + 32 * sub + 8 * i);
    }
  }
}

// scale, indices[32] (9 bits and 7 sign bits), scales[8] (4 bits for 16 elements)
void decode_iq2_xs(const std::uint8_t* block, float* to) {
  for (int i = 0; i < 32; ++i) {
    const std::uint32_t packed = load<std::uint16_t>(block + 2 + 2 * i);
    const auto scale_number = static_cast<float>(nibble_at(block + 66, i / 2));
    const float scale = load_f16(block) * (0.5F + scale_number) * 0.25F;
    put_grid2(kGrid2xs[packed & 511U], scale, even_signs(packed >> 9), to + 8 * i);
  }
}

// scale, indices[32] (8 bits), signs[32], high index bits[8] (2 bits), scales[8]
void decode_iq2_s(const std::uint8_t* block, float* to) {
  for (int i = 0; i < 32; ++i) {
    const std::uint32_t high = std::uint32_t{block[66 + i / 4]} >> (2 * (i % 4)) & 3U;
    const auto scale_number = static_cast<float>(nibble_at(block + 74, i / 2));
    const float scale = load_f16(block) * (0.5F + scale_number) * 0.25F;
    put_grid2(kGrid2s[block[2 + i] | high << 8], scale, block[34 + i], to + 8 * i);
  }
}

// scale, indices[64] (8 bits), words[8] of 4 x 7 sign bits and the scale of 32 elements
void decode_iq3_xxs(const std::uint8_t* block, float* to) {
  for (int i = 0; i < 64; ++i) {
    const std::uint32_t word = load<std::uint32_t>(block + 66 + 4 * (i / 8));
    const float scale = load_f16(block) * (0.5F + static_cast<float>(word >> 28)) * 0.5F;
    const std::uint32_t signs = even_signs(word >> (7 * (i / 2 % 4))) >> (4 * (i % 2));
    put_grid3(kGrid3xxs[block[2 + i]], kMagnitude3xxs, scale, signs, to + 4 * i);
  }
}

// scale, indices[64] (8 bits), high index bits[8], signs[32], scales[4] (4 bits for 32 elements)
void decode_iq3_s(const std::uint8_t* block, float* to) {
  for (int i = 0; i < 64; ++i) {
    const std::uint32_t high = std::uint32_t{block[66 + i / 8]} >> (i % 8) & 1U;
    const int scale_number = nibble_at(block + 106, i / 8);
    const float scale = load_f16(block) * static_cast<float>(1 + 2 * scale_number);
    const std::uint32_t signs = std::uint32_t{block[74 + i / 2]} >> (4 * (i % 2));
    put_grid3(kGrid3s[block[2 + i] | high << 8], kMagnitude3s, scale, signs, to + 4 * i);
  }
}

}  // namespace mr::kern::ref
