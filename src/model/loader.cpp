#include "model/loader.h"

#include "kern/ref/decode.h"

namespace mr::model {
namespace {

/// The tensor called `name`, cut to the rows wanted.
Expected<TensorView> find_rows(const Loader& loader, const std::string& name, Shape shape) {
  const std::int32_t n_rows = shape.n_rows > 0 ? shape.n_rows : shape.n_out;
  const TensorView* found = find(loader.source, name);
  const std::string wanted =
      std::to_string(shape.n_in) + (n_rows == 1 ? "" : " x " + std::to_string(n_rows));
  if (found == nullptr) {
    return fail(Fault::bad_model, name + ": wanted a tensor of " + wanted + ", not found");
  }
  if (columns(*found) != static_cast<std::uint64_t>(shape.n_in) ||
      rows(*found) != static_cast<std::uint64_t>(n_rows)) {
    return fail(Fault::bad_model, name + ": wanted " + wanted + ", found " + shape_text(*found));
  }
  TensorView view = *found;
  view.data = row(view, static_cast<std::uint64_t>(shape.begin));
  view.dim[1] = static_cast<std::uint64_t>(shape.n_out);
  view.dim[2] = view.dim[3] = 1;
  view.bytes = row_bytes(view.type, view.dim[0]) * view.dim[1];
  return view;
}

/// Numbers [begin, begin + n) of the vector called `name`.
Expected<std::vector<float>> read_vector(const Loader& loader, const std::string& name,
                                         Shape shape) {
  const std::int32_t n_all = shape.n_rows > 0 ? shape.n_rows : shape.n_out;
  MR_TRY(const TensorView view, find_rows(loader, name, {.n_out = 1, .n_in = n_all}));
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
  return find(loader.source, name + ".weight") != nullptr;
}

Expected<kern::Weight> load_matrix(const Loader& loader, const std::string& name, Shape shape) {
  MR_TRY(const TensorView view, find_rows(loader, name + ".weight", shape));
  const kern::Device& device = loader.model.device;
  const std::size_t bytes = kern::ref::can_decode(view.type)
                                ? device.ops->packed_bytes(view.type, shape.n_out, shape.n_in)
                                : 0;
  if (bytes == 0) {
    return fail(Fault::bad_model, name + ".weight: wanted a weight type that level " +
                                      device.ops->name + " computes with, found " +
                                      traits(view.type).name);
  }
  MR_TRY(auto packed, kern::make_buffer(device, bytes, name));
  device.ops->pack(device, {.to = packed.data,
                            .from = view.data,
                            .type = view.type,
                            .n_out = shape.n_out,
                            .n_in = shape.n_in});
  const kern::Weight weight{packed.data, view.type, shape.n_out, shape.n_in};
  loader.model.memory.push_back(std::move(packed));
  loader.model.file_bytes += view.bytes;
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
