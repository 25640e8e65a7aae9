// What a model and its engine are said to take is what they then take.
#include "engine/footprint.h"

#include <gtest/gtest.h>

#include <limits>

#include "kern/level.h"
#include "sys/team.h"
#include "tiny_model.h"

namespace mr::engine {
namespace {

/// A CPU device that knows how many bytes it has given out.
struct Metered {
  std::unique_ptr<sys::Team> team = sys::make_team(1).value();
  kern::Table table = kern::table(kern::Level::ref);
  kern::Device device;
};

std::size_t g_bytes = 0;  // the table's functions have no other place for it

kern::Device metered(Metered& on) {
  on.table.allocate = [](const kern::Device& device, std::size_t bytes) {
    g_bytes += bytes;
    return kern::table(kern::Level::ref).allocate(device, bytes);
  };
  on.table.release = [](const kern::Device& device, void* memory, std::size_t bytes) {
    g_bytes -= bytes;
    kern::table(kern::Level::ref).release(device, memory, bytes);
  };
  kern::Device device = kern::cpu_device(kern::Level::ref, *on.team);
  device.ops = &on.table;
  return device;
}

TEST(Footprint, IsWhatLoadingAndRunningThenTake) {
  const auto bytes = tiny::file();
  const gguf::File file = gguf::parse(bytes).value();
  Metered on;
  const kern::Device device = metered(on);
  const Sketch drawn = sketch({.gguf = &file}, kern::table(kern::Level::ref)).value();
  for (const DType type : {DType::f32, DType::f16}) {
    const Options options{.n_context = 300, .n_parallel = 3, .n_running = 2, .n_step_rows = 48,
                          .kv_type = type};
    const Footprint of = footprint(drawn, options).value();
    g_bytes = 0;
    const auto model = model::load({.gguf = &file}, device);
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(g_bytes, of.weights);
    const auto engine = make_engine(*model, options);
    ASSERT_TRUE(engine) << engine.error().message;
    EXPECT_EQ(engine->store.memory.bytes, of.kv);
    EXPECT_EQ(g_bytes - of.weights - of.kv, of.activations - engine->workspace.logits.bytes);
    EXPECT_LT(of.weights + of.kv + of.activations, bytes_needed(drawn, options));
  }
}

TEST(Footprint, TheNearestSettingFitsAndTheNextDoesNot) {
  const auto bytes = tiny::file();
  const gguf::File file = gguf::parse(bytes).value();
  const Sketch drawn = sketch({.gguf = &file}, kern::table(kern::Level::ref)).value();
  const Options wanted{.n_context = 4000, .n_parallel = 4};
  const std::uint64_t all = bytes_needed(drawn, wanted);
  const auto same = nearest_fit(drawn, wanted, all);
  ASSERT_TRUE(same);
  EXPECT_EQ(4000, same->n_context);

  const auto less = nearest_fit(drawn, wanted, all - 1);
  ASSERT_TRUE(less);
  EXPECT_EQ(4, less->n_parallel);  // one page less of each loses less than one request
  EXPECT_EQ(4000 / 64 * 64, less->n_context);
  EXPECT_LE(bytes_needed(drawn, *less), all - 1);

  Options f32 = wanted;
  f32.kv_type = DType::f32;
  const auto narrower = nearest_fit(drawn, f32, all);
  ASSERT_TRUE(narrower);
  EXPECT_EQ(DType::f16, narrower->kv_type);
  EXPECT_EQ(4000, narrower->n_context);

  const Options least{.n_context = 64, .n_parallel = 1};
  const std::uint64_t floor = bytes_needed(drawn, least);
  const auto smallest = nearest_fit(drawn, wanted, floor);
  ASSERT_TRUE(smallest);
  EXPECT_EQ(64, smallest->n_context);
  EXPECT_EQ(1, smallest->n_parallel);
  EXPECT_FALSE(nearest_fit(drawn, wanted, floor - 1));
}

TEST(Footprint, NoSettingOverflows) {
  const auto bytes = tiny::file();
  const gguf::File file = gguf::parse(bytes).value();
  const Sketch drawn = sketch({.gguf = &file}, kern::table(kern::Level::ref)).value();
  constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
  const Options huge{.n_context = kMost, .n_parallel = kMost, .n_running = kMost};
  EXPECT_GT(bytes_needed(drawn, huge), 1ULL << 62);
  const auto fits = nearest_fit(drawn, huge, 1ULL << 30);
  ASSERT_TRUE(fits);
  EXPECT_LE(bytes_needed(drawn, *fits), 1ULL << 30);
}

}  // namespace
}  // namespace mr::engine
