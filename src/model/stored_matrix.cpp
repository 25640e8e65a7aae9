#include "model/stored_matrix.h"

#include <algorithm>
#include <cstring>

#include "kern/ref/decode.h"
#include "kern/simd/parallel.h"

namespace mr::model {
namespace {

/// The matrix in the making: its name, where its tensors are, what they become.
struct Finder {
  const Source& source;
  const Quantization& quantization;
  const std::string& name;
  std::uint64_t n_out = 0;
  std::uint64_t n_in = 0;
  StoredMatrix& matrix;
};

struct Extent {
  std::uint64_t n_rows = 0;
  std::uint64_t n_columns = 0;
};

std::string text(Extent extent) {
  return std::to_string(extent.n_columns) + " x " + std::to_string(extent.n_rows);
}

const TensorView* find(const Finder& finder, const char* suffix) {
  return find(finder.source, finder.name + suffix);
}

Expected<const TensorView*> require(const Finder& finder, const char* suffix) {
  const TensorView* view = find(finder, suffix);
  if (view != nullptr) return view;
  return fail(Fault::bad_model, finder.name + suffix + ": wanted a tensor, not found");
}

/// The tensor of exactly this type and extent.
Expected<const TensorView*> require(const Finder& finder, const char* suffix, DType type,
                                    Extent extent) {
  MR_TRY(const TensorView* view, require(finder, suffix));
  if (view->type == type && columns(*view) == extent.n_columns && rows(*view) == extent.n_rows) {
    finder.matrix.bytes += view->bytes;
    return view;
  }
  return fail(Fault::bad_model, finder.name + suffix + ": wanted " + traits(type).name + " " +
                                    text(extent) + ", found " + traits(view->type).name + " " +
                                    shape_text(*view));
}

/// Memory for `n` words that lives as long as the matrix.
std::byte* own(const Finder& finder, std::uint64_t n) {
  finder.matrix.owned.push_back(std::make_unique<std::byte[]>(n * sizeof(std::uint32_t)));
  return finder.matrix.owned.back().get();
}

/// The words of a tensor at an address that is theirs.
const std::uint32_t* words(const Finder& finder, const TensorView& view) {
  if (reinterpret_cast<std::uintptr_t>(view.data) % alignof(std::uint32_t) == 0) {
    return reinterpret_cast<const std::uint32_t*>(view.data);
  }
  std::byte* copy = own(finder, view.bytes / sizeof(std::uint32_t));
  std::memcpy(copy, view.data, view.bytes);
  return reinterpret_cast<const std::uint32_t*>(copy);
}

/// The scales of a tensor as floats, `n` times over where there is but one.
Expected<const float*> scales(const Finder& finder, const char* suffix, std::uint64_t n) {
  MR_TRY(const TensorView* view, require(finder, suffix));
  const bool is_float =
      view->type == DType::f32 || view->type == DType::f16 || view->type == DType::bf16;
  const std::uint64_t found = elements(*view);
  if (!is_float || (found != n && found != 1)) {
    return fail(Fault::bad_model, finder.name + suffix + ": wanted " + std::to_string(n) +
                                      " of F32, F16 or BF16, found " + shape_text(*view) + " of " +
                                      traits(view->type).name);
  }
  auto* values = reinterpret_cast<float*>(own(finder, n));
  kern::ref::decode(view->type, view->data, values, static_cast<std::size_t>(found));
  if (found == 1) std::fill_n(values, n, values[0]);
  finder.matrix.bytes += view->bytes;
  return values;
}

/// The int8 zero points of a tensor, where there is one; repeated where it has but one number.
Expected<const std::int8_t*> zeros(const Finder& finder, const char* suffix, Extent extent) {
  const TensorView* view = find(finder, suffix);
  if (view == nullptr) return nullptr;
  if (view->type != DType::i8 || elements(*view) != 1) {
    MR_TRY(view, require(finder, suffix, DType::i8, extent));
    return reinterpret_cast<const std::int8_t*>(view->data);
  }
  const std::uint64_t n = extent.n_rows * extent.n_columns;
  auto* values = reinterpret_cast<std::int8_t*>(own(finder, n));
  std::fill_n(values, n, static_cast<std::int8_t>(*view->data));
  return values;
}

/// The group of each input, where the file gives it; each is below n_groups.
Expected<const std::uint32_t*> groups(const Finder& finder, const char* suffix,
                                      std::uint64_t n_groups) {
  if (find(finder, suffix) == nullptr) return nullptr;
  MR_TRY(const TensorView* view, require(finder, suffix, DType::i32, {1, finder.n_in}));
  const std::uint32_t* group_of = words(finder, *view);
  for (std::uint64_t i = 0; i < finder.n_in; ++i) {
    if (group_of[i] < n_groups) continue;
    return fail(Fault::bad_model, finder.name + suffix + ": wanted groups below " +
                                      std::to_string(n_groups) + ", found " +
                                      std::to_string(group_of[i]));
  }
  return group_of;
}

/// How many inputs share a scale, from the number of groups that the scales have.
Expected<std::uint64_t> group_size(const Finder& finder, const char* suffix,
                                   std::uint64_t n_groups) {
  if (n_groups > 0 && finder.n_in % n_groups == 0) return finder.n_in / n_groups;
  return fail(Fault::bad_model, finder.name + suffix + ": wanted groups that divide " +
                                    std::to_string(finder.n_in) + " inputs, found " +
                                    std::to_string(n_groups));
}

Expected<void> find_awq(const Finder& f) {
  MR_TRY(const TensorView* weight, require(f, ".qweight", DType::i32, {f.n_in, f.n_out / 8}));
  MR_TRY(const TensorView* scale, require(f, ".scales"));
  const std::uint64_t n_groups = rows(*scale);
  MR_TRY(const std::uint64_t group, group_size(f, ".scales", n_groups));
  MR_TRY(const TensorView* zero, require(f, ".qzeros", DType::i32, {n_groups, f.n_out / 8}));
  MR_TRY(const float* scale_values, scales(f, ".scales", n_groups * f.n_out));
  f.matrix.rows = kern::ref::AwqRows{.weight = words(f, *weight),
                                     .zero = words(f, *zero),
                                     .scale = scale_values,
                                     .n_in = f.n_in,
                                     .n_out = f.n_out,
                                     .group = group};
  return {};
}

Expected<void> find_gptq(const Finder& f) {
  MR_TRY(const TensorView* weight, require(f, ".qweight", DType::i32, {f.n_in / 8, f.n_out}));
  MR_TRY(const TensorView* scale, require(f, ".scales"));
  const std::uint64_t n_groups = rows(*scale);
  MR_TRY(const std::uint64_t group, group_size(f, ".scales", n_groups));
  MR_TRY(const TensorView* zero, require(f, ".qzeros", DType::i32, {n_groups, f.n_out / 8}));
  MR_TRY(const float* scale_values, scales(f, ".scales", n_groups * f.n_out));
  MR_TRY(const std::uint32_t* group_of, groups(f, ".g_idx", n_groups));
  f.matrix.rows = kern::ref::GptqRows{.weight = words(f, *weight),
                                      .zero = words(f, *zero),
                                      .scale = scale_values,
                                      .group_of = group_of,
                                      .n_in = f.n_in,
                                      .n_out = f.n_out,
                                      .group = group,
                                      .zero_offset = f.quantization.zero_offset};
  return {};
}

/// AWQ packs outputs, GPTQ inputs: the shape of the words tells which.
Expected<void> find_words(const Finder& f) {
  MR_TRY(const TensorView* weight, require(f, ".qweight"));
  if (f.n_in % 8 != 0 || f.n_out % 8 != 0) {
    return fail(Fault::bad_model,
                f.name + ".qweight: wanted multiples of 8, found " + text({f.n_out, f.n_in}));
  }
  return rows(*weight) == f.n_in ? find_awq(f) : find_gptq(f);
}

/// How compressed-tensors shares scales among the inputs of an output.
struct Groups {
  std::uint64_t n = 1;
  std::uint64_t size = 0;
  const std::uint32_t* group_of = nullptr;
};

Expected<Groups> scale_groups(const Finder& f) {
  MR_TRY(const TensorView* scale, require(f, ".weight_scale"));
  Groups found;
  if (rows(*scale) == f.n_out) found.n = columns(*scale);
  MR_TRY(found.size, group_size(f, ".weight_scale", found.n));
  MR_TRY(found.group_of, groups(f, ".weight_g_idx", found.n));
  return found;
}

Expected<void> find_packed(const Finder& f) {
  MR_TRY(const TensorView* view, require(f, ".weight_packed"));
  const std::uint32_t bits = columns(*view) == (f.n_in + 7) / 8 ? 4 : 8;
  const std::uint64_t per_word = 32 / bits;
  MR_TRY(const TensorView* weight,
         require(f, ".weight_packed", DType::i32, {f.n_out, (f.n_in + per_word - 1) / per_word}));
  MR_TRY(const Groups by, scale_groups(f));
  kern::ref::PackedRows packed{.weight = words(f, *weight),
                               .zero = nullptr,
                               .scale = nullptr,
                               .group_of = by.group_of,
                               .n_in = f.n_in,
                               .group = by.size,
                               .n_groups = by.n,
                               .bits = bits};
  MR_TRY(packed.scale, scales(f, ".weight_scale", f.n_out * by.n));
  if (find(f, ".weight_zero_point") != nullptr) {
    MR_TRY(const TensorView* zero, require(f, ".weight_zero_point", DType::i32,
                                           {(f.n_out + per_word - 1) / per_word, by.n}));
    packed.zero = words(f, *zero);
  }
  f.matrix.rows = packed;
  return {};
}

Expected<void> find_int8(const Finder& f) {
  const Extent extent{f.n_out, f.n_in};
  MR_TRY(const TensorView* weight, require(f, ".weight", DType::i8, extent));
  MR_TRY(const Groups by, scale_groups(f));
  kern::ref::Int8Rows found{.weight = reinterpret_cast<const std::int8_t*>(weight->data),
                            .scale = nullptr,
                            .zero = nullptr,
                            .group_of = by.group_of,
                            .n_in = f.n_in,
                            .group = by.size,
                            .n_groups = by.n};
  MR_TRY(found.scale, scales(f, ".weight_scale", f.n_out * by.n));
  MR_TRY(found.zero, zeros(f, ".weight_zero_point", {f.n_out, by.n}));
  f.matrix.rows = found;
  return {};
}

/// FP8 with one scale for all, for each output, for each group of its inputs or for each block.
Expected<void> find_fp8(const Finder& f, const char* suffix) {
  MR_TRY(const TensorView* weight, require(f, ".weight", DType::f8_e4m3, {f.n_out, f.n_in}));
  MR_TRY(const TensorView* scale, require(f, suffix));
  kern::ref::Fp8Rows found{.weight = reinterpret_cast<const std::uint8_t*>(weight->data),
                           .scale = nullptr,
                           .n_in = f.n_in,
                           .block_rows = f.n_out,
                           .block_columns = f.n_in};
  std::uint64_t n_scales = elements(*scale);
  if (n_scales == f.n_out && (columns(*scale) == 1 || scale->n_dims == 1)) {
    found.block_rows = 1;
  } else if (rows(*scale) == f.n_out && columns(*scale) > 1 && f.n_in % columns(*scale) == 0) {
    found.block_rows = 1;
    found.block_columns = f.n_in / columns(*scale);
  } else if (n_scales != 1) {
    found.block_rows = f.quantization.block_rows;
    found.block_columns = f.quantization.block_columns;
    n_scales = ((f.n_out + found.block_rows - 1) / found.block_rows) *
               ((f.n_in + found.block_columns - 1) / found.block_columns);
  }
  MR_TRY(found.scale, scales(f, suffix, n_scales));
  f.matrix.rows = found;
  return {};
}

Expected<void> find_rows(const Finder& f) {
  if (find(f, ".qweight") != nullptr) return find_words(f);
  if (find(f, ".weight_packed") != nullptr) return find_packed(f);
  const TensorView* weight = find(f, ".weight");
  if (weight != nullptr && weight->type == DType::i8) return find_int8(f);
  for (const char* suffix : {".weight_scale", ".weight_scale_inv"}) {
    if (weight == nullptr || weight->type != DType::f8_e4m3) break;
    if (find(f, suffix) != nullptr) return find_fp8(f, suffix);
  }
  if (weight == nullptr || columns(*weight) != f.n_in || rows(*weight) != f.n_out) {
    return fail(Fault::bad_model,
                f.name + ".weight: wanted " + (weight == nullptr ? "a tensor of " : "") +
                    text({f.n_out, f.n_in}) +
                    (weight == nullptr ? ", not found" : ", found " + shape_text(*weight)));
  }
  f.matrix.bytes += weight->bytes;
  f.matrix.rows = *weight;
  return {};
}

}  // namespace

bool has_stored(const Source& source, const std::string& name) {
  const auto has = [&](const char* suffix) { return find(source, name + suffix) != nullptr; };
  return has(".weight") || has(".qweight") || has(".weight_packed");
}

Expected<StoredMatrix> find_stored(const Source& source, const Quantization& quantization,
                                   const std::string& name, std::uint64_t n_out,
                                   std::uint64_t n_in) {
  StoredMatrix matrix;
  MR_TRY_VOID(find_rows({source, quantization, name, n_out, n_in, matrix}));
  return matrix;
}

std::vector<float> decode_rows(const kern::Device& device, const StoredMatrix& matrix,
                               RowRange range) {
  std::vector<float> values(range.n * range.n_in);
  const auto decode_all = [&](const auto& rows) {
    kern::each(device, static_cast<std::int64_t>(range.n), [&](std::int64_t i) {
      const auto row = static_cast<std::uint64_t>(i);
      kern::ref::decode_row(rows, range.begin + row, values.data() + row * range.n_in);
    });
  };
  std::visit(
      [&](const auto& rows) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(rows)>, TensorView>) decode_all(rows);
      },
      matrix.rows);
  return values;
}

}  // namespace mr::model
