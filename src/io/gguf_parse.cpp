#include <algorithm>
#include <numeric>

#include "base/checked.h"
#include "base/quote.h"
#include "io/foreign.h"
#include "io/gguf.h"
#include "io/gguf_index.h"
#include "io/gguf_types.h"
#include "io/gguf_value.h"

namespace mr::gguf {
namespace {

struct Counts {
  std::uint64_t n_tensors = 0;
  std::uint64_t n_keys = 0;
};

// Where a tensor lies in the data section, until that section's place is known.
struct Extent {
  std::uint64_t offset = 0;
  std::uint32_t tensor = 0;
};

tl::unexpected<Error> bad(std::string what) {
  return fail(Fault::bad_model, std::move(what));
}

Expected<void> at_most(std::string_view field, std::uint64_t limit, std::uint64_t found) {
  if (found <= limit) return {};
  return bad(std::string(field) + ": wanted at most " + std::to_string(limit) + ", found " +
             std::to_string(found));
}

Expected<Counts> read_preamble(io::Cursor& cursor, File& file) {
  if (!cursor.bytes.empty() && !io::starts_with(cursor.bytes, "GGUF")) {
    return bad("wanted a GGUF file, found " + io::describe_foreign(cursor.bytes));
  }
  MR_TRY_VOID(io::take(cursor, 4, "magic"));
  MR_TRY(file.version, io::read<std::uint32_t>(cursor, "version"));
  if ((file.version & 0xFFFFU) == 0 && file.version != 0) {
    return bad("version: the file is big-endian, wanted little-endian");
  }
  if (file.version != 2 && file.version != 3) {
    return bad("version: wanted 2 or 3, found " + std::to_string(file.version));
  }
  Counts counts;
  MR_TRY(counts.n_tensors, io::read<std::uint64_t>(cursor, "tensor count"));
  MR_TRY_VOID(at_most("tensor count", kMaxTensors, counts.n_tensors));
  MR_TRY(counts.n_keys, io::read<std::uint64_t>(cursor, "metadata count"));
  MR_TRY_VOID(at_most("metadata count", kMaxKeys, counts.n_keys));
  return counts;
}

Expected<Value> read_typed_value(io::Cursor& cursor) {
  MR_TRY(const auto type, read_type(cursor, "value type"));
  return read_value(cursor, type);
}

Expected<void> read_metadata(io::Cursor& cursor, std::uint64_t n_keys, File& file) {
  for (std::uint64_t i = 0; i < n_keys; ++i) {
    const std::string field = "metadata " + std::to_string(i) + " key";
    MR_TRY(const auto key, read_string(cursor, kMaxKeyBytes, field));
    if (key.empty()) return bad(field + ": is empty");
    auto value = read_typed_value(cursor);
    if (!value) return fail_at("metadata " + quote(key), std::move(value).error());
    file.metadata.push_back({std::string(key), *value});
  }
  return {};
}

Expected<void> find_alignment(File& file) {
  MR_TRY(file.alignment, get_or(file, "general.alignment", kDefaultAlignment));
  const bool is_power = (file.alignment & (file.alignment - 1)) == 0;
  if (file.alignment < kMinAlignment || file.alignment > kMaxAlignment || !is_power) {
    return bad("metadata 'general.alignment': wanted a power of two from 8 to 4096, found " +
               std::to_string(file.alignment));
  }
  return {};
}

Expected<void> read_shape(io::Cursor& cursor, TensorView& view) {
  MR_TRY(view.n_dims, io::read<std::uint32_t>(cursor, "dimension count"));
  if (view.n_dims < 1 || view.n_dims > 4) {
    return bad("dimension count: wanted 1 to 4, found " + std::to_string(view.n_dims));
  }
  std::uint64_t n_elements = 1;
  for (std::uint32_t i = 0; i < view.n_dims; ++i) {
    const std::string field = "dimension " + std::to_string(i);
    MR_TRY(view.dim[i], io::read<std::uint64_t>(cursor, field));
    const auto product = checked::mul(n_elements, view.dim[i]);
    if (view.dim[i] == 0 || !product || *product > kMaxElements) {
      return bad(field + ": wanted 1 to 2^44 elements in all, found " +
                 std::to_string(view.dim[i]));
    }
    n_elements = *product;
  }
  return {};
}

Expected<std::uint64_t> read_tensor(io::Cursor& cursor, TensorView& view) {
  MR_TRY_VOID(read_shape(cursor, view));
  MR_TRY(const auto number, io::read<std::uint32_t>(cursor, "type"));
  const auto type = dtype_of(number);
  if (!type) return bad("type: " + describe_ggml_type(number) + " is not supported");
  view.type = *type;
  if (view.dim[0] % traits(*type).block != 0) {
    return bad(std::string("dimension 0: wanted a multiple of ") +
               std::to_string(traits(*type).block) + " for " + traits(*type).name + ", found " +
               std::to_string(view.dim[0]));
  }
  view.bytes = row_bytes(*type, elements(view));
  return io::read<std::uint64_t>(cursor, "offset");
}

Expected<std::vector<Extent>> read_tensors(io::Cursor& cursor, std::uint64_t n_tensors,
                                           File& file) {
  std::vector<Extent> extents;
  for (std::uint64_t i = 0; i < n_tensors; ++i) {
    const std::string field = "tensor " + std::to_string(i) + " name";
    MR_TRY(const auto name, read_string(cursor, kMaxNameBytes, field));
    if (name.empty()) return bad(field + ": is empty");
    Tensor tensor{.name = std::string(name), .view = {}};
    auto offset = read_tensor(cursor, tensor.view);
    if (!offset) return fail_at("tensor " + quote(name), std::move(offset).error());
    extents.push_back({*offset, static_cast<std::uint32_t>(i)});
    file.tensors.push_back(std::move(tensor));
  }
  return extents;
}

// Points the tensors at their data, which must lie in `data`, aligned and without overlaps.
Expected<void> place_tensors(std::span<const std::byte> data, std::vector<Extent> extents,
                             File& file) {
  std::ranges::sort(extents, {}, &Extent::offset);
  std::uint64_t end = 0;
  for (const Extent& extent : extents) {
    Tensor& tensor = file.tensors[extent.tensor];
    const std::string found = ", found " + std::to_string(extent.offset);
    if (extent.offset % file.alignment != 0) {
      return bad("tensor " + quote(tensor.name) + ": offset: wanted a multiple of " +
                 std::to_string(file.alignment) + found);
    }
    if (extent.offset < end) {
      return bad("tensor " + quote(tensor.name) + ": offset: overlaps the tensor before it" +
                 found);
    }
    const auto tensor_end = checked::add(extent.offset, tensor.view.bytes);
    if (!tensor_end || *tensor_end > data.size()) {
      return bad("tensor " + quote(tensor.name) + ": wanted " + std::to_string(tensor.view.bytes) +
                 " bytes at offset " + std::to_string(extent.offset) + ", found only " +
                 std::to_string(data.size()) + " bytes of tensor data in the file");
    }
    tensor.view.data = data.data() + extent.offset;
    end = *tensor_end;
  }
  return {};
}

}  // namespace

Expected<void> index_names(File& file) {
  const auto sort_index = [](std::vector<std::uint32_t>& index, std::size_t n, auto name_of) {
    index.resize(n);
    std::iota(index.begin(), index.end(), 0U);
    std::ranges::sort(index, {}, name_of);
    return std::ranges::adjacent_find(index, {}, name_of);
  };
  const auto key_of = [&](std::uint32_t i) { return std::string_view(file.metadata[i].key); };
  const auto name_of = [&](std::uint32_t i) { return std::string_view(file.tensors[i].name); };
  const auto key = sort_index(file.keys_by_name, file.metadata.size(), key_of);
  if (key != file.keys_by_name.end()) {
    return bad("metadata " + quote(key_of(*key)) + ": the key is there twice");
  }
  const auto name = sort_index(file.tensors_by_name, file.tensors.size(), name_of);
  if (name != file.tensors_by_name.end()) {
    return bad("tensor " + quote(name_of(*name)) + ": the name is there twice");
  }
  return {};
}

Expected<File> parse(std::span<const std::byte> bytes) {
  File file;
  io::Cursor cursor{bytes.first(std::min<std::size_t>(bytes.size(), kMaxHeaderBytes))};
  MR_TRY(const auto counts, read_preamble(cursor, file));
  MR_TRY_VOID(read_metadata(cursor, counts.n_keys, file));
  MR_TRY_VOID(index_names(file));
  MR_TRY_VOID(find_alignment(file));
  MR_TRY(auto extents, read_tensors(cursor, counts.n_tensors, file));
  MR_TRY_VOID(index_names(file));
  // Checked, though a header cannot come near 2^64; a file without tensors may end unpadded.
  const auto data_at = checked::align_up<std::size_t>(cursor.at, file.alignment);
  const auto data =
      data_at && *data_at <= bytes.size() ? bytes.subspan(*data_at) : std::span<const std::byte>();
  MR_TRY_VOID(place_tensors(data, std::move(extents), file));
  return file;
}

}  // namespace mr::gguf
