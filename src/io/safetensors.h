#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "sys/mapped_file.h"
#include "tensor/view.h"

/// safetensors files, in one piece or as shards with an index. What comes from the file is
/// hostile: every offset is checked against the file before its first use.
/// Source: huggingface/safetensors, README.md ("Format").
namespace mr::safetensors {

constexpr std::uint64_t kMaxTensors = 262144;
constexpr std::uint64_t kMaxNameBytes = 256;
constexpr std::uint64_t kMaxHeaderBytes = 32ULL << 20;
constexpr std::uint64_t kMaxElements = 1ULL << 44;
constexpr std::uint32_t kMaxShards = 512;

/// Shapes: the view counts dimensions from the fastest, so `shape` of the file stands reversed.
/// A scalar has n_dims 0; a dimension may be 0, and then there is no data.
struct Tensor {
  std::string name;
  TensorView view;
  std::uint32_t shard = 0;
};

/// An open set of weights. All views point into `shards`.
struct File {
  std::string path;
  std::vector<Tensor> tensors;                                // shard after shard, by place
  std::vector<std::uint32_t> by_name;                         // indices into tensors
  std::vector<std::pair<std::string, std::string>> metadata;  // `__metadata__` of the first shard
  std::vector<sys::MappedFile> shards;
};

/// Opens `model.safetensors`, or all that `model.safetensors.index.json` names beside itself.
/// Errors: bad_model, one line with the path and the field.
Expected<File> open(const std::string& path);

/// Reads one file held in memory, which outlives the result.
Expected<File> parse(std::span<const std::byte> bytes);

/// Whether a part of the weights could not be read since they were opened (see sys::MappedFile).
bool failed(const File& file);

const Tensor* find_tensor(const File& file, std::string_view name);

}  // namespace mr::safetensors
