#include "model/expert_rows.h"

#include <cstring>

#include "kern/ref/decode.h"

namespace mr::model {
namespace {

/// The first row of an expert in a tensor of that whole name, which has (n_rows, n_in) for each.
Expected<TensorView> find_part(const Loader& loader, const std::string& name, std::int32_t expert,
                               std::int32_t n_rows, std::int32_t n_in) {
  const auto n_experts = static_cast<std::uint64_t>(loader.model.config.moe.n_experts);
  const std::string wanted =
      std::to_string(n_in) + " x " + std::to_string(n_rows) + " x " + std::to_string(n_experts);
  const TensorView* found = find(loader.source, name);
  if (found == nullptr) {
    return fail(Fault::bad_model, name + ": wanted a tensor of " + wanted + ", not found");
  }
  const auto n = static_cast<std::uint64_t>(n_rows);
  if (columns(*found) != static_cast<std::uint64_t>(n_in) || rows(*found) != n * n_experts) {
    return fail(Fault::bad_model, name + ": wanted " + wanted + ", found " + shape_text(*found));
  }
  TensorView view = *found;
  view.data = row(view, static_cast<std::uint64_t>(expert) * n);
  return view;
}

/// (n_in, n_rows) of plain numbers turned round.
Expected<HostRows> read_transposed(const Loader& loader, const ExpertRows& rows,
                                   std::int32_t expert, std::vector<std::byte>& scratch) {
  MR_TRY(const TensorView view, find_part(loader, rows.name, expert, rows.n_in, rows.n_rows));
  if (traits(view.type).block != 1) return wrong_type(loader, rows.name, view.type);
  if (loader.model.device.counts_only) return HostRows{view.type, nullptr, {}};
  const std::size_t size = traits(view.type).block_bytes;
  const auto n_in = static_cast<std::size_t>(rows.n_in);
  const auto n_out = static_cast<std::size_t>(rows.n_out);
  scratch.resize(n_out * n_in * size);
  for (std::size_t i = 0; i < n_in; ++i) {
    const std::byte* from = row(view, i) + static_cast<std::size_t>(rows.begin) * size;
    for (std::size_t o = 0; o < n_out; ++o, from += static_cast<std::size_t>(rows.step) * size) {
      std::memcpy(&scratch[(o * n_in + i) * size], from, size);
    }
  }
  loader.model.file_bytes += scratch.size();
  return HostRows{view.type, scratch.data(), {}};
}

/// The bytes of one expert in a tensor of U8 with `n` bytes for each.
Expected<const std::byte*> expert_bytes(const Loader& loader, const std::string& name,
                                        std::int32_t expert, std::uint64_t n) {
  const TensorView* view = find(loader.source, name);
  const auto n_experts = static_cast<std::uint64_t>(loader.model.config.moe.n_experts);
  if (view == nullptr) return fail(Fault::bad_model, name + ": wanted, not found");
  if (view->type != DType::u8 || elements(*view) != n * n_experts) {
    return fail(Fault::bad_model, name + ": wanted " + std::to_string(n * n_experts) +
                                      " values of U8, found " + shape_text(*view) + " of " +
                                      traits(view->type).name);
  }
  return view->data + static_cast<std::uint64_t>(expert) * n;
}

/// A block as GGUF has it: the scale, then the first 16 values in low halves, the others in high
/// ones. Here `from` has two neighbours in each byte.
void put_block(std::byte scale, const std::byte* from, std::byte* to) {
  constexpr int kHalf = 16;
  const auto value = [&](int i) {
    return i % 2 == 0 ? from[i / 2] & std::byte{15} : from[i / 2] >> 4;
  };
  to[0] = scale;
  for (int i = 0; i < kHalf; ++i) to[1 + i] = value(i) | value(i + kHalf) << 4;
}

Expected<HostRows> read_mxfp4(const Loader& loader, const ExpertRows& rows, std::int32_t expert,
                              std::vector<std::byte>& scratch) {
  constexpr std::size_t kFileBlock = 16;
  constexpr std::size_t kBlock = traits(DType::mxfp4).block_bytes;
  constexpr std::int32_t kValues = traits(DType::mxfp4).block;
  if (rows.n_in % kValues != 0) {
    return fail(Fault::bad_model, rows.name + "_blocks: wanted rows of a multiple of 32, found " +
                                      std::to_string(rows.n_in));
  }
  const auto n_blocks = static_cast<std::size_t>(rows.n_in / kValues);  // of a row
  const auto n_all = static_cast<std::uint64_t>(rows.n_rows) * n_blocks;
  MR_TRY(const std::byte* blocks,
         expert_bytes(loader, rows.name + "_blocks", expert, n_all * kFileBlock));
  MR_TRY(const std::byte* scales, expert_bytes(loader, rows.name + "_scales", expert, n_all));
  if (loader.model.device.counts_only) return HostRows{DType::mxfp4, nullptr, {}};
  scratch.resize(static_cast<std::size_t>(rows.n_out) * n_blocks * kBlock);
  std::byte* to = scratch.data();
  for (std::int32_t o = 0; o < rows.n_out; ++o) {
    const std::size_t first = static_cast<std::size_t>(rows.begin + o * rows.step) * n_blocks;
    for (std::size_t b = first; b < first + n_blocks; ++b, to += kBlock) {
      put_block(scales[b], blocks + b * kFileBlock, to);
    }
  }
  loader.model.file_bytes += scratch.size();
  return HostRows{DType::mxfp4, scratch.data(), {}};
}

}  // namespace

bool is_mxfp4(const Loader& loader, const std::string& name) {
  return find(loader.source, name + "_blocks") != nullptr;
}

Expected<std::vector<float>> read_vectors(const Loader& loader, const std::string& name,
                                          std::int32_t n) {
  MR_TRY(const TensorView view, find_part(loader, name, 0, 1, n));
  if (!kern::ref::can_decode(view.type)) return wrong_type(loader, name, view.type);
  std::vector<float> values(elements(view));
  kern::ref::decode(view.type, view.data, values.data(), values.size());
  loader.model.file_bytes += view.bytes;
  return values;
}

Expected<HostRows> read_expert(const Loader& loader, const ExpertRows& rows, std::int32_t expert,
                               std::vector<std::byte>& scratch) {
  if (rows.is_single) {
    std::string name = rows.name;
    name.replace(name.find('#'), 1, std::to_string(expert));
    return read_rows(loader, name, {rows.n_out, rows.n_in});
  }
  if (is_mxfp4(loader, rows.name)) return read_mxfp4(loader, rows, expert, scratch);
  if (rows.is_transposed) return read_transposed(loader, rows, expert, scratch);
  MR_TRY(const TensorView view, find_part(loader, rows.name, expert, rows.n_rows, rows.n_in));
  const std::byte* data = row(view, static_cast<std::uint64_t>(rows.begin));
  loader.model.file_bytes +=
      row_bytes(view.type, columns(view)) * static_cast<std::uint64_t>(rows.n_out);
  return HostRows{view.type, data, {}};
}

}  // namespace mr::model
