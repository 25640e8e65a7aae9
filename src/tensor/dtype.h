#pragma once
#include <cstdint>

/// The element types of tensors. Plain enough for nvcc and for kernel files: no containers, and
/// everything has internal linkage, so that no ISA folder leaves a weak symbol behind.
namespace mr {

/// How the elements of a tensor are stored. The block types are those of GGUF, bit for bit; the
/// rest are plain numbers. `i32` and `u8` also hold packed 4-bit weights of safetensors files.
enum class DType : std::uint8_t {
  f32,
  f16,
  bf16,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  iq4_nl,
  iq4_xs,
  iq3_s,
  iq3_xxs,
  iq2_xxs,
  iq2_xs,
  iq2_s,
  mxfp4,
  f8_e4m3,
  f8_e5m2,
  f64,
  boolean,
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  u64,
  i64,
};

constexpr int kDTypeCount = 33;

struct TypeTraits {
  const char* name;           // as a person reads it: "Q4_K"
  std::uint32_t block;        // elements in a block, 1 for plain numbers
  std::uint32_t block_bytes;  // bytes of a block
};

constexpr TypeTraits kTypeTraits[kDTypeCount] = {
    {"F32", 1, 4},        {"F16", 1, 2},        {"BF16", 1, 2},       {"Q8_0", 32, 34},
    {"Q4_0", 32, 18},     {"Q4_1", 32, 20},     {"Q5_0", 32, 22},     {"Q5_1", 32, 24},
    {"Q2_K", 256, 84},    {"Q3_K", 256, 110},   {"Q4_K", 256, 144},   {"Q5_K", 256, 176},
    {"Q6_K", 256, 210},   {"IQ4_NL", 32, 18},   {"IQ4_XS", 256, 136}, {"IQ3_S", 256, 110},
    {"IQ3_XXS", 256, 98}, {"IQ2_XXS", 256, 66}, {"IQ2_XS", 256, 74},  {"IQ2_S", 256, 82},
    {"MXFP4", 32, 17},    {"F8_E4M3", 1, 1},    {"F8_E5M2", 1, 1},    {"F64", 1, 8},
    {"BOOL", 1, 1},       {"U8", 1, 1},         {"I8", 1, 1},         {"U16", 1, 2},
    {"I16", 1, 2},        {"U32", 1, 4},        {"I32", 1, 4},        {"U64", 1, 8},
    {"I64", 1, 8},
};

static constexpr TypeTraits traits(DType type) {
  return kTypeTraits[static_cast<int>(type)];
}

/// Bytes of a row of `n` elements; `n` is a multiple of the type's block and at most 2^48.
static constexpr std::uint64_t row_bytes(DType type, std::uint64_t n) {
  return n / traits(type).block * traits(type).block_bytes;
}

}  // namespace mr
