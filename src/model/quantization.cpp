#include "model/quantization.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/quote.h"
#include "model/fields.h"

namespace mr::model {
namespace {

constexpr std::array<std::string_view, 6> kMethods{
    "awq", "compressed-tensors", "fbgemm_fp8", "fp8", "gptq", "mxfp4"};

tl::unexpected<Error> wrong(const Fields& fields, const char* key, const std::string& wanted,
                            const std::string& found) {
  return fail(Fault::bad_model,
              name_of(fields, {nullptr, key}) + ": wanted " + wanted + ", found " + found);
}

/// The layout of AWQ, where it is named at all.
Expected<void> expect_gemm(const Fields& fields) {
  MR_TRY(const auto found, get_or<std::string>(fields, {nullptr, "version"}, "gemm"));
  if (found == "gemm" || found == "GEMM") return {};
  return wrong(fields, "version", "gemm", quote(found));
}

Expected<void> expect_four_bits(const Fields& fields) {
  return count(fields, {nullptr, "bits"}, {4, 4}, 4).map([](std::int32_t) {});
}

Expected<void> read_blocks(const Fields& fields, const char* key, Quantization& quantization) {
  if (!has(fields, {nullptr, key})) return {};
  MR_TRY(const auto sizes, positives(fields, key, 2));
  if (std::ranges::any_of(sizes, [](float size) { return size < 1 || size > 65536; })) {
    return wrong(fields, key, "two sizes of 1 to 65536", "others");
  }
  quantization.block_rows = static_cast<std::uint64_t>(sizes[0]);
  quantization.block_columns = static_cast<std::uint64_t>(sizes[1]);
  return {};
}

/// compressed-tensors says it of each group of layers: one that has blocks stands for all.
Expected<void> read_group_blocks(const Fields& fields, Quantization& quantization) {
  MR_TRY(const auto groups, part(fields, "config_groups"));
  if (!groups) return {};
  for (const auto& [name, group] : *groups->json) {
    if (!group.is_object()) continue;
    MR_TRY(const auto weights, part({nullptr, &group.get_object(), groups->prefix}, "weights"));
    if (weights) MR_TRY_VOID(read_blocks(*weights, "block_structure", quantization));
  }
  return {};
}

/// 1 in the first format of GPTQ, which stores zero points less one, and 0 in "gptq_v2".
Expected<std::uint32_t> gptq_zero_offset(const Fields& fields) {
  const char* key = "checkpoint_format";
  MR_TRY(const auto format, get_or<std::string>(fields, {nullptr, key}, "gptq"));
  if (format == "gptq") return 1;
  if (format == "gptq_v2") return 0;
  return wrong(fields, key, "gptq or gptq_v2", quote(format));
}

}  // namespace

Expected<Quantization> read_quantization(const Source& source) {
  Quantization quantization;
  if (source.gguf != nullptr) return quantization;
  MR_TRY(const auto* root, json::root_object(source.checkpoint->config));
  MR_TRY(auto found, part(Fields{nullptr, root, ""}, "quantization_config"));
  if (!found) {
    MR_TRY(const Fields fields, fields_of(source));
    MR_TRY(found, part(fields, "quantization_config"));
  }
  if (!found) return quantization;
  const char* key = "quant_method";
  MR_TRY(const auto method, get_or<std::string>(*found, {nullptr, key}, ""));
  if (std::ranges::find(kMethods, method) == kMethods.end()) {
    return wrong(*found, key, "awq, compressed-tensors, fbgemm_fp8, fp8, gptq or mxfp4",
                 quote(method));
  }
  if (method == "awq") {
    MR_TRY_VOID(expect_gemm(*found));
    MR_TRY_VOID(expect_four_bits(*found));
  }
  if (method == "gptq") {
    MR_TRY_VOID(expect_four_bits(*found));
    MR_TRY(quantization.zero_offset, gptq_zero_offset(*found));
  }
  MR_TRY_VOID(read_blocks(*found, "weight_block_size", quantization));
  MR_TRY_VOID(read_group_blocks(*found, quantization));
  return quantization;
}

}  // namespace mr::model
