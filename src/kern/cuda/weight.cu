#include <algorithm>
#include <vector>

#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"
#include "kern/cuda/weight.cuh"
#include "kern/ref/decode.h"

namespace mr::kern::cuda {
namespace {

constexpr std::int64_t kStagedValues = std::int64_t{4} << 20;  // decoded on the host at a time

}  // namespace

std::size_t packed_bytes(DType type, std::int64_t n_out, std::int64_t n_in) {
  if (!ref::can_decode(type)) return 0;
  return static_cast<std::size_t>(n_out * stored_bytes(stored_type(type), n_in));
}

void pack(const Device& device, const PackArgs& args) {
  const DType type = stored_type(args.type);
  if (type == args.type) {
    upload(device, args.to, args.from, packed_bytes(type, args.n_out, args.n_in));
    return;
  }
  const auto file_row =
      static_cast<std::int64_t>(row_bytes(args.type, static_cast<std::uint64_t>(args.n_in)));
  const std::int64_t n_staged = std::clamp(kStagedValues / args.n_in, std::int64_t{1}, args.n_out);
  std::vector<float> staged(static_cast<std::size_t>(n_staged * args.n_in));
  for (std::int64_t row = 0; row < args.n_out; row += n_staged) {
    const std::int64_t n_values = std::min(n_staged, args.n_out - row) * args.n_in;
    ref::decode(args.type, static_cast<const std::byte*>(args.from) + row * file_row, staged.data(),
                static_cast<std::size_t>(n_values));
    upload(device, static_cast<float*>(args.to) + row * args.n_in, staged.data(),
           static_cast<std::size_t>(n_values) * sizeof(float));
  }
}

}  // namespace mr::kern::cuda
