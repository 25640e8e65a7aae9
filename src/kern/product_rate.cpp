#include "kern/product_rate.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "kern/buffer.h"

namespace mr::kern {
namespace {

using Clock = std::chrono::steady_clock;

// Shapes of a layer, small enough for the caches: 512 KiB with 8 bits a weight.
constexpr std::int64_t kOut = 512;
constexpr std::int64_t kIn = 1024;
constexpr std::chrono::milliseconds kLook{12};
constexpr int kMinRuns = 3;

}  // namespace

Expected<double> product_rate(const Device& device, DType type, std::int32_t n_rows) {
  const Table& ops = *device.ops;
  // Bytes that make every type's numbers small and none of them zero, infinite or subnormal.
  const std::vector<std::byte> stored(kOut * row_bytes(type, kIn), std::byte{0x29});
  MR_TRY(const auto packed, make_buffer(device, ops.packed_bytes(type, kOut, kIn), "weights"));
  MR_TRY(const auto acts, make_buffer(device, ops.act_bytes(n_rows, kIn), "activations"));
  const auto rows = static_cast<std::size_t>(n_rows);
  MR_TRY(const auto x, make_buffer(device, rows * kIn * sizeof(float), "rows"));
  MR_TRY(const auto y, make_buffer(device, rows * kOut * sizeof(float), "products"));
  ops.pack(device, {packed.data, stored.data(), type, kOut, kIn});
  const std::vector<float> ones(rows * kIn, 1.0F);
  ops.upload(device, x.data, ones.data(), ones.size() * sizeof(float));
  ops.rms_norm(device, {.x = as<float>(x),
                        .weight = as<float>(x),
                        .n_rows = n_rows,
                        .dim = kIn,
                        .acts = as<std::byte>(acts)});
  const GemmArgs product{.weight = {packed.data, type, kOut, kIn},
                         .acts = as<std::byte>(acts),
                         .n_rows = n_rows,
                         .y = as<float>(y)};
  double best = 0;
  const auto begin = Clock::now();
  for (int run = 0; run < kMinRuns || Clock::now() - begin < kLook; ++run) {
    const auto start = Clock::now();
    ops.gemm(device, product);
    ops.synchronize(device);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, static_cast<double>(n_rows * kOut * kIn) / seconds);
  }
  return best;
}

}  // namespace mr::kern
