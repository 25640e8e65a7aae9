#include "kern/ref/decode_packed.h"

#include "kern/ref/float8.h"

namespace mr::kern::ref {
namespace {

int four_bits(std::uint32_t word, std::uint64_t place) {
  return static_cast<int>(word >> (4 * place) & 15U);
}

}  // namespace

void decode_row(const Fp8Rows& rows, std::uint64_t row, float* to) {
  const std::uint8_t* weight = rows.weight + row * rows.n_in;
  const std::uint64_t n_blocks = (rows.n_in + rows.block_columns - 1) / rows.block_columns;
  const float* scale = rows.scale + row / rows.block_rows * n_blocks;
  for (std::uint64_t i = 0; i < rows.n_in; ++i) {
    to[i] = e4m3_to_f32(weight[i]) * scale[i / rows.block_columns];
  }
}

void decode_row(const AwqRows& rows, std::uint64_t row, float* to) {
  constexpr std::uint64_t kPlace[8] = {0, 4, 1, 5, 2, 6, 3, 7};
  const std::uint64_t words = rows.n_out / 8;
  const std::uint64_t place = kPlace[row % 8];
  for (std::uint64_t i = 0; i < rows.n_in; ++i) {
    const std::uint64_t group = i / rows.group;
    const int quant = four_bits(rows.weight[i * words + row / 8], place);
    const int zero = four_bits(rows.zero[group * words + row / 8], place);
    to[i] = static_cast<float>(quant - zero) * rows.scale[group * rows.n_out + row];
  }
}

void decode_row(const GptqRows& rows, std::uint64_t row, float* to) {
  for (std::uint64_t i = 0; i < rows.n_in; ++i) {
    const std::uint64_t group = rows.group_of != nullptr ? rows.group_of[i] : i / rows.group;
    const int quant = four_bits(rows.weight[i / 8 * rows.n_out + row], i % 8);
    const std::uint32_t word = rows.zero[group * (rows.n_out / 8) + row / 8];
    const int zero = (four_bits(word, row % 8) + static_cast<int>(rows.zero_offset)) & 15;
    to[i] = static_cast<float>(quant - zero) * rows.scale[group * rows.n_out + row];
  }
}

void decode_row(const PackedRows& rows, std::uint64_t row, float* to) {
  const std::uint64_t per_word = 32 / rows.bits;
  const std::uint32_t mask = (1U << rows.bits) - 1;
  const auto unpack = [&](std::uint32_t word, std::uint64_t place) {
    const std::uint32_t biased = word >> (rows.bits * place) & mask;
    return static_cast<int>(biased) - (1 << (rows.bits - 1));
  };
  const std::uint32_t* weight = rows.weight + row * ((rows.n_in + per_word - 1) / per_word);
  for (std::uint64_t i = 0; i < rows.n_in; ++i) {
    const std::uint64_t group = rows.group_of != nullptr ? rows.group_of[i] : i / rows.group;
    int quant = unpack(weight[i / per_word], i % per_word);
    if (rows.zero != nullptr) {
      quant -= unpack(rows.zero[row / per_word * rows.n_groups + group], row % per_word);
    }
    to[i] = static_cast<float>(quant) * rows.scale[row * rows.n_groups + group];
  }
}

void decode_row(const Int8Rows& rows, std::uint64_t row, float* to) {
  const std::int8_t* weight = rows.weight + row * rows.n_in;
  for (std::uint64_t i = 0; i < rows.n_in; ++i) {
    const std::uint64_t group = rows.group_of != nullptr ? rows.group_of[i] : i / rows.group;
    const std::uint64_t at = row * rows.n_groups + group;
    const int zero = rows.zero != nullptr ? rows.zero[at] : 0;
    to[i] = static_cast<float>(weight[i] - zero) * rows.scale[at];
  }
}

}  // namespace mr::kern::ref
