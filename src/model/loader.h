#pragma once
#include <string>

#include "base/error.h"
#include "kern/table.h"
#include "model/names.h"
#include "model/packed_cache.h"
#include "model/quantization.h"
#include "model/source.h"
#include "model/weights.h"

/// Tensors of a file, checked and put on the device of the model that they join.
namespace mr::model {

/// What loading works on.
struct Loader {
  Source source;
  const Names& names;
  std::string body;  ///< before the names of the decoder's tensors: "model." in safetensors
  Quantization quantization;
  Model& model;
  PackedCache* cache = nullptr;  ///< null: nothing is kept from one start to the next
  Bits bits = Bits::as_stored;
};

/// A matrix of n_out x n_in, or those rows of a fused one that begin at `begin` of `n_rows`. Of a
/// bias, as many numbers.
struct Shape {
  std::int32_t n_out = 0;
  std::int32_t n_in = 0;
  std::int32_t begin = 0;
  std::int32_t n_rows = 0;  ///< 0: n_out
};

/// "blk.7.attn_q" or "model.layers.7.self_attn.q_proj".
std::string tensor_name(const Loader& loader, std::int32_t layer, const char* name);

/// What the cache has under that name: a matrix, or those of n_experts > 0 experts at multiples of
/// 64 bytes. Its stored bytes are counted. Null where it has no such thing.
const PackedTensor* find_packed(const Loader& loader, const std::string& name, std::int32_t n_out,
                                std::int32_t n_in, std::int32_t n_experts = 0);

/// Lets go of what it was packed from, and puts a packed tensor into the cache that is being
/// written, or compares it with the cache that was found. `tensor` has its name, type, dimensions
/// and bytes; `n_before` is what file_bytes was.
void keep_packed(const Loader& loader, PackedTensor tensor, const std::byte* data,
                 std::uint64_t n_before);

/// Rows of a matrix on the host, ready to be packed.
struct HostRows {
  DType type = DType::f32;
  const std::byte* data = nullptr;
  std::vector<float> decoded;           ///< what `data` points at, of quantized rows
  std::vector<std::byte> encoded = {};  ///< or this, of rows that keep fewer bits
};

/// The rows of matrix `name` (see find_stored) that `shape` wants.
/// Errors: bad_model, naming the tensor, wanted and found; does_not_fit. So below.
Expected<HostRows> read_rows(const Loader& loader, const std::string& name, Shape shape);

/// The rows at as many bits as loader.bits says. Shapes: (n_out, n_in).
HostRows with_bits(const Loader& loader, HostRows rows, std::int32_t n_out, std::int32_t n_in);

/// Whether the model has a matrix of that name.
bool has_matrix(const Loader& loader, const std::string& name);

/// The rows of matrix `name` (see find_stored), packed; quantized ones of safetensors as F32.
Expected<kern::Weight> load_matrix(const Loader& loader, const std::string& name, Shape shape);

/// The norm `name`.weight, (n), as fp32 whatever the file has.
Expected<const float*> load_norm(const Loader& loader, const std::string& name, std::int32_t n);

/// Bytes of a matrix in the form of the device's level; 0 where it does not compute with the type.
std::size_t packed_bytes(const Loader& loader, DType type, std::int32_t n_out, std::int32_t n_in);

/// From one expert's packed matrix to the next, where one takes `bytes`.
std::size_t expert_stride(std::size_t bytes);

/// The error for a type that the device's level does not compute with.
tl::unexpected<Error> wrong_type(const Loader& loader, const std::string& name, DType type);

/// The vector of that whole name, (n), as fp32.
Expected<const float*> load_vector(const Loader& loader, const std::string& name, std::int32_t n);

/// A bias of that whole name, (shape.n_out), as fp32; null where there is none.
Expected<const float*> load_optional(const Loader& loader, const std::string& name, Shape shape);

/// Numbers of the host, on the device for as long as the model lives.
Expected<const float*> keep(Model& model, const std::vector<float>& values,
                            const std::string& what);

}  // namespace mr::model
