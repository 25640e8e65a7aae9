#include "model/packed_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/rng.h"
#include "io/gguf_write.h"
#include "kern/level.h"
#include "model/weights.h"
#include "sys/file_state.h"

namespace mr::model {
namespace {

namespace fs = std::filesystem;

/// A llama of one layer with 64 tokens of 32 numbers each, F32.
std::vector<std::byte> tiny_model(std::uint64_t seed) {
  gguf::Draft draft;
  const auto count = [&](const char* key, std::uint32_t n) { gguf::put(draft, key, n); };
  gguf::put(draft, "general.architecture", std::string_view("llama"));
  count("llama.block_count", 1);
  count("llama.context_length", 64);
  count("llama.embedding_length", 32);
  count("llama.feed_forward_length", 64);
  count("llama.attention.head_count", 2);
  gguf::put(draft, "llama.attention.layer_norm_rms_epsilon", 1e-5F);
  struct Shape {
    const char* name;
    std::uint64_t n_in, n_out;
  };
  const Shape shapes[] = {{"token_embd.weight", 32, 64},        {"output.weight", 32, 64},
                          {"output_norm.weight", 32, 1},        {"blk.0.attn_norm.weight", 32, 1},
                          {"blk.0.ffn_norm.weight", 32, 1},     {"blk.0.attn_q.weight", 32, 32},
                          {"blk.0.attn_k.weight", 32, 32},      {"blk.0.attn_v.weight", 32, 32},
                          {"blk.0.attn_output.weight", 32, 32}, {"blk.0.ffn_gate.weight", 32, 64},
                          {"blk.0.ffn_up.weight", 32, 64},      {"blk.0.ffn_down.weight", 64, 32}};
  std::uint64_t n_all = 0;
  for (const Shape& shape : shapes) {
    TensorView view;
    view.type = DType::f32;
    view.n_dims = shape.n_out == 1 ? 1 : 2;
    view.dim[0] = shape.n_in;
    view.dim[1] = shape.n_out;
    view.bytes = 4 * shape.n_in * shape.n_out;
    n_all += view.bytes;
    draft.tensors.push_back({shape.name, view});
  }
  std::vector<std::byte> bytes = gguf::header(draft).value();
  Rng rng{seed};
  for (std::uint64_t i = 0; i < n_all / 4; ++i) {
    const auto x = static_cast<float>(unit(rng) - 0.5);
    const auto* begin = reinterpret_cast<const std::byte*>(&x);
    bytes.insert(bytes.end(), begin, begin + sizeof x);
  }
  return bytes;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

class PackedCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder);
    write_model(1);
  }
  void TearDown() override { fs::remove_all(folder); }

  void write_model(std::uint64_t seed) const {
    const auto bytes = tiny_model(seed);
    write(model_path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  /// One start: what the head's weights are, and what became of the cache.
  struct Start {
    std::string head = {};
    std::size_t file_bytes = 0;
    bool mapped = false;
    PackedCache cache = {};
  };
  [[nodiscard]] Start start(kern::Level level = kern::Level::ref, bool verify = false) const {
    auto team = sys::make_team(2).value();
    const kern::Device device = kern::cpu_device(level, *team);
    const auto file = gguf::open(model_path).value();
    const Source source{.gguf = &file};
    Start made{
        .cache = {.path = cache_path(folder, model_path, device.ops->name), .verify = verify}};
    auto model = load(source, device, {}, made.cache);
    EXPECT_TRUE(model.has_value()) << model.error().message;
    if (!model) return made;
    finish(made.cache, source, device);
    const std::size_t n = device.ops->packed_bytes(DType::f32, 64, 32);
    made.head.assign(static_cast<const char*>(model->head.data), n);
    made.file_bytes = model->file_bytes;
    made.mapped = made.cache.found && !verify;
    return made;
  }

  const std::string folder = testing::TempDir() + "packed_" + std::to_string(getpid());
  const std::string model_path = folder + "/tiny.gguf";
  const std::string path = cache_path(folder, model_path, "ref");
};

TEST_F(PackedCacheTest, SecondStartMapsWhatTheFirstPacked) {
  const Start first = start();
  EXPECT_EQ("", first.cache.problem);
  EXPECT_FALSE(first.mapped);
  ASSERT_TRUE(fs::exists(path));
  EXPECT_FALSE(fs::exists(path + ".part"));
  const Start second = start();
  EXPECT_EQ("", second.cache.problem);
  EXPECT_TRUE(second.mapped);
  EXPECT_EQ(first.head, second.head);
  EXPECT_EQ(first.file_bytes, second.file_bytes);
  const Start third = start(kern::Level::ref, true);
  EXPECT_EQ("", third.cache.problem);
  EXPECT_EQ(first.head, third.head);
}

TEST_F(PackedCacheTest, EveryDamagedByteIsSeenAndRepaired) {
  const Start first = start();
  const std::string whole = read(path);
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 23) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write(path, damaged);
    const Start again = start();
    EXPECT_EQ(first.head, again.head) << at;
    // Bytes between two tensors are nobody's: there the cache is as good as before.
    if (again.mapped) continue;
    EXPECT_NE(std::string::npos, again.cache.problem.find("not used")) << at;
    EXPECT_EQ(whole, read(path)) << at;
  }
  for (const std::size_t n :
       {std::size_t{1}, std::size_t{31}, whole.size() / 2, whole.size() - 1}) {
    write(path, whole.substr(0, n));
    EXPECT_EQ(first.head, start().head);
    EXPECT_EQ(whole, read(path)) << n;
  }
}

TEST_F(PackedCacheTest, AnotherModelUnderTheNameIsPackedAnew) {
  const Start first = start();
  write_model(2);
  const Start other = start();
  EXPECT_NE(first.head, other.head);
  EXPECT_NE(std::string::npos, other.cache.problem.find("made from another file"));
  const Start second = start();
  EXPECT_EQ("", second.cache.problem);
  EXPECT_TRUE(second.mapped);
  EXPECT_EQ(other.head, second.head);
}

TEST_F(PackedCacheTest, VerifyFindsWhatChecksumsCannot) {
  const Start first = start();
  auto team = sys::make_team(1).value();
  const kern::Device device = kern::cpu_device(kern::Level::ref, *team);
  const auto file = gguf::open(model_path).value();
  const std::string key = cache_key({.gguf = &file}, device).value();
  {  // a sound file under the right key with other numbers
    const auto packed = open_packed(path, key, device).value();
    auto writer = create_packed(path).value();
    const std::vector<std::byte> zeros(1 << 16);
    for (PackedTensor tensor : packed.tensors) {
      ASSERT_TRUE(append(writer, tensor, zeros.data()).has_value());
    }
    ASSERT_TRUE(finish(writer, key).has_value());
  }
  EXPECT_NE(first.head, start().head);
  const Start verified = start(kern::Level::ref, true);
  EXPECT_EQ(first.head, verified.head);
  EXPECT_NE(std::string::npos, verified.cache.problem.find("wrong contents"));
  EXPECT_EQ(first.head, start().head);
}

TEST_F(PackedCacheTest, NothingIsKeptWhereNothingCanBe) {
  write(folder + "/file", "");
  auto team = sys::make_team(1).value();
  const kern::Device device = kern::cpu_device(kern::Level::ref, *team);
  const auto file = gguf::open(model_path).value();
  PackedCache cache{.path = folder + "/file/below.packed"};
  const auto model = load({.gguf = &file}, device, {}, cache);
  ASSERT_TRUE(model.has_value());
  finish(cache, {.gguf = &file}, device);
  EXPECT_NE(std::string::npos, cache.problem.find("not kept"));
}

TEST_F(PackedCacheTest, AChangeWhileLoadingIsNotKept) {
  auto team = sys::make_team(1).value();
  const kern::Device device = kern::cpu_device(kern::Level::ref, *team);
  const auto file = gguf::open(model_path).value();
  PackedCache cache{.path = path};
  const auto model = load({.gguf = &file}, device, {}, cache);
  ASSERT_TRUE(model.has_value());
  fs::last_write_time(model_path, fs::file_time_type::clock::now() + std::chrono::hours(1));
  finish(cache, {.gguf = &file}, device);
  EXPECT_NE(std::string::npos, cache.problem.find("has changed"));
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(PackedCacheTest, CachesOfModelsThatAreGoneGo) {
  (void)start();
  const std::string other = folder + "/other.gguf";
  fs::rename(model_path, other);
  write(folder + "/foreign.packed", "not one of these");
  ASSERT_TRUE(fs::exists(path));
  sweep_packed(folder + "/new.packed");
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists(folder + "/foreign.packed"));
}

TEST_F(PackedCacheTest, LevelsHaveCachesOfTheirOwn) {
  for (const kern::LevelInfo& info : kern::levels()) {
    if (!info.missing.empty() || info.level == kern::Level::cuda) continue;
    const Start first = start(info.level);
    const Start second = start(info.level);
    EXPECT_EQ("", second.cache.problem) << info.name;
    EXPECT_TRUE(second.mapped) << info.name;
    EXPECT_EQ(first.head, second.head) << info.name;
  }
}

}  // namespace
}  // namespace mr::model
