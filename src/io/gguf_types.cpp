#include "io/gguf_types.h"

namespace mr::gguf {
namespace {

struct Entry {
  std::uint32_t ggml_type;
  DType type;
};

// Source: enum ggml_type in ggml.h of ggml-org/ggml.
constexpr Entry kTypes[] = {
    {0, DType::f32},      {1, DType::f16},     {2, DType::q4_0},     {3, DType::q4_1},
    {6, DType::q5_0},     {7, DType::q5_1},    {8, DType::q8_0},     {10, DType::q2_k},
    {11, DType::q3_k},    {12, DType::q4_k},   {13, DType::q5_k},    {14, DType::q6_k},
    {16, DType::iq2_xxs}, {17, DType::iq2_xs}, {18, DType::iq3_xxs}, {20, DType::iq4_nl},
    {21, DType::iq3_s},   {22, DType::iq2_s},  {23, DType::iq4_xs},  {24, DType::i8},
    {25, DType::i16},     {26, DType::i32},    {27, DType::i64},     {28, DType::f64},
    {30, DType::bf16},    {39, DType::mxfp4},
};

struct Unread {
  std::uint32_t ggml_type;
  const char* name;
};

constexpr Unread kUnread[] = {
    {4, "Q4_2"},        {5, "Q4_3"},        {9, "Q8_1"},      {15, "Q8_K"},
    {19, "IQ1_S"},      {29, "IQ1_M"},      {31, "Q4_0_4_4"}, {32, "Q4_0_4_8"},
    {33, "Q4_0_8_8"},   {34, "TQ1_0"},      {35, "TQ2_0"},    {36, "IQ4_NL_4_4"},
    {37, "IQ4_NL_4_8"}, {38, "IQ4_NL_8_8"}, {40, "NVFP4"},    {41, "Q1_0"},
};

}  // namespace

std::optional<DType> dtype_of(std::uint32_t ggml_type) {
  for (const Entry& entry : kTypes) {
    if (entry.ggml_type == ggml_type) return entry.type;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> ggml_type_of(DType type) {
  for (const Entry& entry : kTypes) {
    if (entry.type == type) return entry.ggml_type;
  }
  return std::nullopt;
}

std::string describe_ggml_type(std::uint32_t ggml_type) {
  for (const Unread& unread : kUnread) {
    if (unread.ggml_type == ggml_type) {
      return std::to_string(ggml_type) + " (" + unread.name + ")";
    }
  }
  return std::to_string(ggml_type);
}

}  // namespace mr::gguf
