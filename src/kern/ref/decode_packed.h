#pragma once
#include <cstddef>
#include <cstdint>

/// Weights of safetensors files that several tensors make up together: numbers of few bits, scales
/// and sometimes zero points. Each struct points at those tensors as they stand in the file, but
/// for the scales, which are floats by now. A "row" is one output: n_in weights.
/// Whoever fills a struct has checked every shape; decoding checks nothing.
namespace mr::kern::ref {

/// FP8 (e4m3) with one scale for a block of rows and columns. One scale for the tensor: a block of
/// n_out x n_in; one for each output channel: 1 x n_in; DeepSeek: 128 x 128.
/// Source: the `weight_scale` and `weight_scale_inv` tensors (both are factors, despite the name).
struct Fp8Rows {
  const std::uint8_t* weight;  // (n_out, n_in)
  const float* scale;          // (ceil(n_out / block_rows), ceil(n_in / block_columns))
  std::uint64_t n_in;
  std::uint64_t block_rows;
  std::uint64_t block_columns;
};

/// AWQ, 4 bits, "gemm" layout: eight outputs in a word, in the order 0 2 4 6 1 3 5 7.
/// Source: casper-hansen/AutoAWQ, awq/utils/packing_utils.py.
struct AwqRows {
  const std::uint32_t* weight;  // (n_in, n_out / 8)
  const std::uint32_t* zero;    // (n_in / group, n_out / 8)
  const float* scale;           // (n_in / group, n_out)
  std::uint64_t n_in;
  std::uint64_t n_out;
  std::uint64_t group;
};

/// GPTQ, 4 bits: eight inputs in a word. `zero_offset` is 1 in files of the first format (which
/// store the zero point less one, modulo 16) and 0 in "gptq_v2". `group_of`, where not null, gives
/// the group of each input (files that were quantized in the order of activations).
/// Source: AutoGPTQ/AutoGPTQ, auto_gptq/nn_modules/qlinear/qlinear_cuda.py.
struct GptqRows {
  const std::uint32_t* weight;    // (n_in / 8, n_out)
  const std::uint32_t* zero;      // (n_groups, n_out / 8)
  const float* scale;             // (n_groups, n_out)
  const std::uint32_t* group_of;  // (n_in) or null; each below n_groups
  std::uint64_t n_in;
  std::uint64_t n_out;
  std::uint64_t group;
  std::uint32_t zero_offset;
};

/// compressed-tensors, "pack-quantized": 4 or 8 bits in words along the inputs, each number with
/// half the range added; zero points, where there are any, are packed along the outputs.
/// Source: vllm-project/compressed-tensors, compressors/quantized_compressors/pack_quantized.py.
struct PackedRows {
  const std::uint32_t* weight;    // (n_out, ceil(n_in * bits / 32))
  const std::uint32_t* zero;      // (ceil(n_out * bits / 32), n_groups) or null
  const float* scale;             // (n_out, n_groups)
  const std::uint32_t* group_of;  // (n_in) or null; each below n_groups
  std::uint64_t n_in;
  std::uint64_t group;  // n_in where an output has one scale
  std::uint64_t n_groups;
  std::uint32_t bits;  // 4 or 8
};

/// compressed-tensors, "int-quantized": plain int8 with a scale for each output channel, or for
/// each group of its inputs.
struct Int8Rows {
  const std::int8_t* weight;      // (n_out, n_in)
  const float* scale;             // (n_out, n_groups)
  const std::int8_t* zero;        // (n_out, n_groups) or null
  const std::uint32_t* group_of;  // (n_in) or null; each below n_groups
  std::uint64_t n_in;
  std::uint64_t group;  // n_in where an output has one scale
  std::uint64_t n_groups;
};

/// The floats of output `row`: (quant - zero) * scale, one multiplication for each.
void decode_row(const Fp8Rows& rows, std::uint64_t row, float* to);
void decode_row(const AwqRows& rows, std::uint64_t row, float* to);
void decode_row(const GptqRows& rows, std::uint64_t row, float* to);
void decode_row(const PackedRows& rows, std::uint64_t row, float* to);
void decode_row(const Int8Rows& rows, std::uint64_t row, float* to);

}  // namespace mr::kern::ref
