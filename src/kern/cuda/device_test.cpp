#include "kern/cuda/device.h"

#include <gtest/gtest.h>

#include <array>

namespace mr::kern::cuda {
namespace {

TEST(Cuda, WithoutADeviceTheErrorSaysWhatIsMissing) {
  std::string why;
  if (available(&why)) GTEST_SKIP() << "there is a CUDA device";
  const auto device = make_device();
  ASSERT_FALSE(device);
  EXPECT_EQ(Fault::failed, device.error().fault);
  EXPECT_EQ(why, device.error().message);
  EXPECT_FALSE(why.empty());
}

TEST(Cuda, WeightsAreStoredAsInTheFileOrDecoded) {
  if (table() == nullptr) GTEST_SKIP() << "built without CUDA";
  const auto bytes = [](DType type) { return table()->packed_bytes(type, 3, 512); };
  EXPECT_EQ(3U * 512 * 4, bytes(DType::f32));
  EXPECT_EQ(3U * 512 * 2, bytes(DType::bf16));
  EXPECT_EQ(3U * 512 / 32 * 34, bytes(DType::q8_0));
  EXPECT_EQ(3U * 512 / 32 * 18, bytes(DType::q4_0));
  EXPECT_EQ(3U * 512 * 4, bytes(DType::q4_k));
  EXPECT_EQ(0U, bytes(DType::i32));
}

TEST(Cuda, TooMuchMemoryIsNotAFailureOfTheDevice) {
  std::string why;
  if (!available(&why)) GTEST_SKIP() << why;
  Device device = make_device().value();
  EXPECT_EQ(nullptr, device.ops->allocate(device, std::size_t{1} << 50));
  const auto ok = check(device);
  EXPECT_TRUE(ok) << ok.error().message;
  release_device(device);
}

TEST(Cuda, TheFirstFailureIsKeptWithItsOperation) {
  std::string why;
  if (!available(&why)) GTEST_SKIP() << why;
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // CUDA does not survive a fork
  Device device = make_device().value();
  void* memory = device.ops->allocate(device, 64);
  std::array<float, 4> x = {1, 2, 3, 4};
  device.ops->upload(device, memory, x.data(), sizeof x);
  // Heads that no block's shared memory holds: the launch is refused, nothing runs.
  const KvView kv = {.n_layers = 1, .n_kv_heads = 1, .k_dim = 1 << 20, .v_dim = 1};
  device.ops->attention(device, {.kv = kv, .rows = {.n_rows = 1}, .n_heads = 1});
  device.ops->add(
      device, {.x = static_cast<float*>(memory), .y = static_cast<const float*>(memory), .n = 4});
  const auto ok = check(device);
  ASSERT_FALSE(ok);
  EXPECT_EQ(0U, ok.error().message.find("CUDA: attention: ")) << ok.error().message;
  EXPECT_EXIT(device.ops->download(device, x.data(), memory, sizeof x), testing::ExitedWithCode(1),
              "CUDA: attention: ");
  device.ops->release(device, memory, 64);
  release_device(device);
}

}  // namespace
}  // namespace mr::kern::cuda
