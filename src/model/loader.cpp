#include "model/loader.h"

#include <algorithm>
#include <cstring>

#include "base/quote.h"
#include "kern/ref/decode.h"
#include "kern/ref/encode.h"
#include "kern/simd/parallel.h"
#include "model/stored_matrix.h"

namespace mr::model {

Expected<HostRows> read_rows(const Loader& loader, const std::string& name, Shape shape) {
  const std::int32_t n_rows = shape.n_rows > 0 ? shape.n_rows : shape.n_out;
  const auto n_in = static_cast<std::uint64_t>(shape.n_in);
  const auto begin = static_cast<std::uint64_t>(shape.begin);
  const auto n_out = static_cast<std::uint64_t>(shape.n_out);
  MR_TRY(const StoredMatrix matrix, find_stored(loader.source, loader.quantization, name,
                                                static_cast<std::uint64_t>(n_rows), n_in));
  loader.model.file_bytes += matrix.bytes / static_cast<std::uint64_t>(n_rows) * n_out;
  if (const auto* view = std::get_if<TensorView>(&matrix.rows)) {
    return HostRows{view->type, row(*view, begin), {}};
  }
  const kern::Device& device = loader.model.device;
  if (device.counts_only) return HostRows{};
  HostRows rows{DType::f32, nullptr, decode_rows(device, matrix, {begin, n_out, n_in})};
  rows.data = reinterpret_cast<const std::byte*>(rows.decoded.data());
  return rows;
}

HostRows with_bits(const Loader& loader, HostRows rows, std::int32_t n_out, std::int32_t n_in) {
  const auto n = static_cast<std::uint64_t>(n_in);
  const std::uint64_t bytes = row_bytes(DType::q4_0, n);
  const bool keeps_all = loader.bits == Bits::as_stored || n % traits(DType::q4_0).block != 0 ||
                         !kern::ref::can_decode(rows.type) || row_bytes(rows.type, n) <= bytes;
  if (keeps_all) return rows;
  HostRows fewer{DType::q4_0, nullptr, {}};
  const kern::Device& device = loader.model.device;
  if (device.counts_only) return fewer;
  fewer.encoded.resize(static_cast<std::size_t>(n_out) * bytes);
  kern::each(device, n_out, [&](std::int64_t i) {
    const auto at = static_cast<std::uint64_t>(i);
    std::vector<float> values(n);
    kern::ref::decode(rows.type, rows.data + at * row_bytes(rows.type, n), values.data(), n);
    kern::ref::encode_q4_0(values.data(), fewer.encoded.data() + at * bytes, n);
  });
  fewer.data = fewer.encoded.data();
  return fewer;
}

namespace {

/// Numbers [begin, begin + n_out) of n_rows in the vector called `name`.
Expected<std::vector<float>> read_vector(const Loader& loader, const std::string& name,
                                         Shape shape) {
  const std::int32_t n_all = shape.n_rows > 0 ? shape.n_rows : shape.n_out;
  const TensorView* found = find(loader.source, name);
  if (found == nullptr || elements(*found) != static_cast<std::uint64_t>(n_all)) {
    return fail(Fault::bad_model,
                name + ": wanted a tensor of " + std::to_string(n_all) +
                    (found == nullptr ? ", not found" : ", found " + shape_text(*found)));
  }
  const TensorView& view = *found;
  if (view.type != DType::f32 && view.type != DType::f16 && view.type != DType::bf16) {
    return fail(Fault::bad_model,
                name + ": wanted F32, F16 or BF16, found " + traits(view.type).name);
  }
  std::vector<float> values(static_cast<std::size_t>(shape.n_out));
  const std::uint64_t skipped = row_bytes(view.type, static_cast<std::uint64_t>(shape.begin));
  kern::ref::decode(view.type, view.data + skipped, values.data(), values.size());
  loader.model.file_bytes += row_bytes(view.type, values.size());
  return values;
}

}  // namespace

std::string tensor_name(const Loader& loader, std::int32_t layer, const char* name) {
  return loader.body + loader.names.layer + std::to_string(layer) + "." + name;
}

bool has_matrix(const Loader& loader, const std::string& name) {
  return has_stored(loader.source, name);
}

std::size_t packed_bytes(const Loader& loader, DType type, std::int32_t n_out, std::int32_t n_in) {
  if (!kern::ref::can_decode(type)) return 0;
  return loader.model.device.ops->packed_bytes(type, n_out, n_in);
}

std::size_t expert_stride(std::size_t bytes) {
  constexpr std::size_t kAlignment = 64;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

tl::unexpected<Error> wrong_type(const Loader& loader, const std::string& name, DType type) {
  return fail(Fault::bad_model, name + ": wanted a weight type that level " +
                                    loader.model.device.ops->name + " computes with, found " +
                                    traits(type).name);
}

const PackedTensor* find_packed(const Loader& loader, const std::string& name, std::int32_t n_out,
                                std::int32_t n_in, std::int32_t n_experts) {
  PackedCache* cache = loader.cache;
  if (cache == nullptr || !cache->found || cache->verify) return nullptr;
  const PackedTensor* tensor = find(*cache->found, name);
  if (tensor == nullptr || tensor->n_out != n_out || tensor->n_in != n_in) return nullptr;
  const std::size_t one = packed_bytes(loader, tensor->type, n_out, n_in);
  const std::size_t all =
      n_experts == 0 ? one : expert_stride(one) * static_cast<std::size_t>(n_experts);
  if (one == 0 || tensor->bytes != all) return nullptr;
  loader.model.file_bytes += tensor->stored_bytes;
  return tensor;
}

void keep_packed(const Loader& loader, PackedTensor tensor, const std::byte* data,
                 std::uint64_t n_before) {
  if (!loader.model.device.counts_only) let_go(loader.source);
  if (loader.cache == nullptr) return;
  PackedCache& cache = *loader.cache;
  if (cache.found && cache.wrong.empty()) {
    const PackedTensor* old = find(*cache.found, tensor.name);
    const bool is_same = old != nullptr && old->type == tensor.type && old->bytes == tensor.bytes &&
                         std::memcmp(data_of(*cache.found, *old), data, tensor.bytes) == 0;
    if (!is_same) cache.wrong = tensor.name;
  }
  if (!cache.writer) return;
  tensor.stored_bytes = loader.model.file_bytes - n_before;
  const auto done = append(*cache.writer, std::move(tensor), data);
  if (done) return;
  cache.problem = quote(cache.path) + ": not kept, " + done.error().message;
  cache.writer.reset();
}

namespace {

/// Packs rows piece by piece, so that no more than a piece of the file is in memory beside them.
void pack_rows(const Loader& loader, const HostRows& rows, Shape shape, std::byte* to) {
  constexpr std::uint64_t kPieceBytes = 256U << 20;
  constexpr std::int64_t kUnit = 64;  // rows; whole strips of every level
  const kern::Device& device = loader.model.device;
  const std::uint64_t row = row_bytes(rows.type, static_cast<std::uint64_t>(shape.n_in));
  const auto piece = static_cast<std::int64_t>(kPieceBytes / row / kUnit + 1) * kUnit;
  const bool is_whole = device.run == nullptr || !rows.decoded.empty();
  const std::int64_t step = is_whole ? shape.n_out : piece;
  for (std::int64_t begin = 0; begin < shape.n_out; begin += step) {
    const std::int64_t n = std::min<std::int64_t>(step, shape.n_out - begin);
    const std::byte* from =
        rows.data == nullptr ? nullptr : rows.data + static_cast<std::uint64_t>(begin) * row;
    device.ops->pack(device, {.to = to + device.ops->packed_bytes(rows.type, begin, shape.n_in),
                              .from = from,
                              .type = rows.type,
                              .n_out = n,
                              .n_in = shape.n_in});
    if (!is_whole) let_go(loader.source);
  }
}

}  // namespace

Expected<kern::Weight> load_matrix(const Loader& loader, const std::string& name, Shape shape) {
  const std::string key = name + '@' + std::to_string(shape.begin);
  if (const PackedTensor* found = find_packed(loader, key, shape.n_out, shape.n_in)) {
    return kern::Weight{data_of(*loader.cache->found, *found), found->type, shape.n_out,
                        shape.n_in};
  }
  const std::uint64_t n_before = loader.model.file_bytes;
  MR_TRY(HostRows stored, read_rows(loader, name, shape));
  const HostRows rows = with_bits(loader, std::move(stored), shape.n_out, shape.n_in);
  const kern::Device& device = loader.model.device;
  const std::size_t bytes = packed_bytes(loader, rows.type, shape.n_out, shape.n_in);
  if (bytes == 0) {
    return wrong_type(loader, name + ".weight", rows.type);
  }
  MR_TRY(auto packed, kern::make_buffer(device, bytes, name));
  pack_rows(loader, rows, shape, kern::as<std::byte>(packed));
  keep_packed(loader, {key, rows.type, shape.n_out, shape.n_in, 0, bytes},
              kern::as<std::byte>(packed), n_before);
  const kern::Weight weight{packed.data, rows.type, shape.n_out, shape.n_in};
  loader.model.memory.push_back(std::move(packed));
  return weight;
}

Expected<const float*> load_norm(const Loader& loader, const std::string& name, std::int32_t n) {
  MR_TRY(auto values, read_vector(loader, name + ".weight", {.n_out = n}));
  for (float& value : values) value += loader.model.config.norm_offset;
  return keep(loader.model, values, name);
}

Expected<const float*> load_vector(const Loader& loader, const std::string& name, std::int32_t n) {
  MR_TRY(const auto values, read_vector(loader, name, {.n_out = n}));
  return keep(loader.model, values, name);
}

Expected<const float*> load_optional(const Loader& loader, const std::string& name, Shape shape) {
  if (find(loader.source, name) == nullptr) return nullptr;
  MR_TRY(const auto values, read_vector(loader, name, shape));
  return keep(loader.model, values, name);
}

Expected<const float*> keep(Model& model, const std::vector<float>& values,
                            const std::string& what) {
  const kern::Device& device = model.device;
  MR_TRY(auto buffer, kern::make_buffer(device, values.size() * sizeof(float), what));
  device.ops->upload(device, buffer.data, values.data(), values.size() * sizeof(float));
  const float* data = kern::as<float>(buffer);
  model.memory.push_back(std::move(buffer));
  return data;
}

}  // namespace mr::model
