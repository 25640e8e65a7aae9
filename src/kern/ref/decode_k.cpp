#include "kern/ref/decode_block.h"

// The k-quants: 256 elements in sub-blocks of 16 or 32 whose scales are quantized in turn.
namespace mr::kern::ref {
namespace {

struct ScaleMin {
  float scale;
  float minimum;
};

// The 6-bit scale and minimum of sub-block `i` (of 8), packed in 12 bytes, times the block's own.
ScaleMin scale_min(const std::uint8_t* block, int i) {
  const std::uint8_t* packed = block + 4;
  int scale = packed[i & 3] & 63;
  int minimum = packed[4 + (i & 3)] & 63;
  if (i >= 4) {
    scale = (packed[4 + i] & 15) | (packed[i - 4] >> 6) << 4;
    minimum = packed[4 + i] >> 4 | (packed[i] >> 6) << 4;
  }
  return {load_f16(block) * static_cast<float>(scale),
          load_f16(block + 2) * static_cast<float>(minimum)};
}

// The 6-bit scale of sub-block `i` (of 16), packed in 12 bytes, less 32.
int q3_scale(const std::uint8_t* packed, int i) {
  const int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4;
  const int high = (packed[8 + (i & 3)] >> (2 * (i / 4))) & 3;
  return (low | high << 4) - 32;
}

}  // namespace

// scales[16] (4-bit scale, 4-bit minimum), quants[64] (2 bits), scale, minimum
void decode_q2_k(const std::uint8_t* block, float* to) {
  const std::uint8_t* quants = block + 16;
  const float scale = load_f16(block + 80);
  const float minimum = load_f16(block + 82);
  for (int i = 0; i < 256; ++i) {
    const int packed = block[i / 16];
    const int quant = (quants[i / 128 * 32 + i % 32] >> (2 * (i / 32 % 4))) & 3;
    to[i] = scale * static_cast<float>(packed & 15) * static_cast<float>(quant) -
            minimum * static_cast<float>(packed >> 4);
  }
}

// high bits[32], quants[64] (2 bits), scales[12], scale; a set high bit means "not 4 less"
void decode_q3_k(const std::uint8_t* block, float* to) {
  const std::uint8_t* quants = block + 32;
  const float scale = load_f16(block + 108);
  for (int i = 0; i < 256; ++i) {
    const int low = (quants[i / 128 * 32 + i % 32] >> (2 * (i / 32 % 4))) & 3;
    const int high = (block[i % 32] >> (i / 32)) & 1;
    to[i] = scale * static_cast<float>(q3_scale(block + 96, i / 16)) *
            static_cast<float>(low - 4 * (1 - high));
  }
}

// scale, minimum, scales[12], quants[128] (4 bits)
void decode_q4_k(const std::uint8_t* block, float* to) {
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin s = scale_min(block, sub);
    const std::uint8_t* quants = block + 16 + sub / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      const int quant = (quants[i] >> (4 * (sub % 2))) & 15;
      to[32 * sub + i] = s.scale * static_cast<float>(quant) - s.minimum;
    }
  }
}

// scale, minimum, scales[12], fifth bits[32], quants[128] (4 bits)
void decode_q5_k(const std::uint8_t* block, float* to) {
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin s = scale_min(block, sub);
    const std::uint8_t* quants = block + 48 + sub / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      const int fifth = (block[16 + i] >> sub) & 1;
      const int quant = ((quants[i] >> (4 * (sub % 2))) & 15) | fifth << 4;
      to[32 * sub + i] = s.scale * static_cast<float>(quant) - s.minimum;
    }
  }
}

// low bits[128] (4 bits), high bits[64] (2 bits), scales[16] (signed), scale
void decode_q6_k(const std::uint8_t* block, float* to) {
  const float scale = load_f16(block + 208);
  for (int i = 0; i < 256; ++i) {
    const int low = (block[i / 128 * 64 + i % 64] >> (4 * (i / 64 % 2))) & 15;
    const int high = (block[128 + i / 128 * 32 + i % 32] >> (2 * (i / 32 % 4))) & 3;
    to[i] = scale * static_cast<float>(load<std::int8_t>(block + 192 + i / 16)) *
            static_cast<float>((low | high << 4) - 32);
  }
}

}  // namespace mr::kern::ref
