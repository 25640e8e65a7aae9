#include "kern/counter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "kern/level.h"

namespace mr::kern {
namespace {

TEST(Counter, HasEveryOperation) {
  const auto counter = make_counter(table(Level::ref));
  std::uintptr_t entries[sizeof(Table) / sizeof(void*)];
  std::memcpy(&entries[0], &counter->table, sizeof(Table));
  for (std::size_t i = 0; i < std::size(entries); ++i) {
    EXPECT_NE(0U, entries[i]) << "entry " << i << " of the table";
  }
}

TEST(Counter, CountsProductsAndAttention) {
  const auto counter = make_counter(table(Level::ref));
  const Device& device = counter->device;
  counter->n_attended = 100;
  const Weight weight{.data = counter.get(), .type = DType::q8_0, .n_out = 3, .n_in = 64};
  device.ops->gemm(device, {.weight = weight, .n_rows = 5});
  EXPECT_EQ(3 * 64 * 5, counter->work.weight_macs[static_cast<std::size_t>(DType::q8_0)]);
  EXPECT_EQ(3 * 2 * 34, counter->work.weight_bytes);
  const Experts experts{
      .data = nullptr, .type = DType::q4_0, .n_experts = 8, .n_out = 3, .n_in = 64};
  device.ops->expert_gemm(device, {.weight = experts, .n_items = 10});
  EXPECT_EQ(3 * 64 * 10, counter->work.weight_macs[static_cast<std::size_t>(DType::q4_0)]);
  EXPECT_EQ(3 * 2 * 34 + 8 * 3 * 2 * 18, counter->work.weight_bytes);
  KvView kv{.n_layers = 2, .type = DType::f16, .n_kv_heads = 2, .k_dim = 8, .v_dim = 4};
  kv.page_bytes = device.ops->kv_page_bytes(kv);
  AttentionArgs attention{.kv = kv, .rows = {}, .n_heads = 6};
  attention.rows.n_rows = 7;
  device.ops->attention(device, attention);
  EXPECT_EQ(7 * 100 * 6 * (8 + 4), counter->work.attention_macs);
  EXPECT_EQ(7 * 100 * 2 * (8 + 4) * 2, counter->work.kv_bytes);
  attention.window = 10;
  device.ops->attention(device, attention);
  EXPECT_EQ(7 * 110 * 6 * (8 + 4), counter->work.attention_macs);
}

TEST(Counter, KnowsWhatIsHeld) {
  const auto counter = make_counter(table(Level::ref));
  void* memory = counter->device.ops->allocate(counter->device, std::size_t{1} << 40);
  EXPECT_EQ(std::size_t{1} << 40, counter->bytes);
  counter->device.ops->release(counter->device, memory, std::size_t{1} << 40);
  EXPECT_EQ(0U, counter->bytes);
}

}  // namespace
}  // namespace mr::kern
