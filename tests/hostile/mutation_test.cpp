#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "io/gguf.h"
#include "kern/level.h"
#include "model/architecture.h"
#include "model/weights.h"
#include "mutations.h"
#include "sys/team.h"
#include "text/tokenizer.h"
#include "text/vocab_read.h"

namespace mr::hostile {
namespace {

using Clock = std::chrono::steady_clock;

bool is_known(const std::string& architecture) {
  for (const auto& known : model::architectures()) {
    if (known.name == architecture) return true;
  }
  return false;
}

// All that a program does with a model before the first token.
Expected<void> load_all(const gguf::File& file, const kern::Device& device) {
  MR_TRY_VOID(model::read_config({.gguf = &file}));
  MR_TRY(auto vocab, text::vocab_from_gguf(file));
  MR_TRY_VOID(text::make_tokenizer(std::move(vocab)));
  MR_TRY_VOID(model::load({.gguf = &file}, device));
  return {};
}

struct Loader {
  std::unique_ptr<sys::Team> team = sys::make_team(1).value();
  kern::Device device = kern::cpu_device(kern::Level::ref, *team);
};

void expect_clear(const Expected<void>& result, const std::string& name, const std::string& says) {
  ASSERT_FALSE(result) << name << " was accepted";
  const std::string& message = result.error().message;
  EXPECT_EQ(result.error().fault, Fault::bad_model) << name << ": " << message;
  EXPECT_NE(message.find(says), std::string::npos) << name << ": " << message;
  for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~') << name << ": " << message;
}

TEST(Mutation, TheSoundModelsLoad) {
  const Loader loader;
  for (const std::string architecture : kArchitectures) {
    const Bytes bytes = file_bytes(tiny_model(architecture));
    const auto file = gguf::parse(bytes);
    ASSERT_TRUE(file) << file.error().message;
    if (!is_known(architecture)) continue;
    const auto loaded = load_all(*file, loader.device);
    EXPECT_TRUE(loaded) << architecture << ": " << loaded.error().message;
  }
}

TEST(Mutation, EveryNamedDamageIsAClearError) {
  const Loader loader;
  EXPECT_GE(mutations().size(), 40U);
  for (const std::string architecture : kArchitectures) {
    const Bytes sound = file_bytes(tiny_model(architecture));
    for (const Mutation& mutation : mutations()) {
      if (mutation.level == Level::model && !is_known(architecture)) continue;
      const auto start = Clock::now();
      const Bytes bytes = apply(mutation, architecture, sound);
      const auto file = gguf::parse(bytes);
      const Expected<void> result = file ? load_all(*file, loader.device)
                                         : Expected<void>(tl::unexpected<Error>(file.error()));
      expect_clear(result, architecture + " " + mutation.name, mutation.says);
      EXPECT_TRUE(mutation.level == Level::model || !file) << mutation.name;
      EXPECT_LT(Clock::now() - start, std::chrono::seconds(2)) << mutation.name;
    }
  }
}

// A draft with one thing wrong that no single field can say.
struct Damage {
  const char* name;
  void (*apply)(gguf::Draft& draft);
  const char* says;
};

template <typename T>
void put_again(gguf::Draft& draft, const char* key, std::vector<T> items) {
  gguf::Draft changed = draft;
  changed.metadata.clear();
  changed.n_keys = 0;
  const Bytes bytes = file_bytes(draft);
  const auto file = gguf::parse(bytes);
  for (const auto& entry : file->metadata) {
    if (entry.key != key) gguf::put_value(changed, entry.key, entry.value);
  }
  gguf::put_array<T>(changed, key, items);
  draft = std::move(changed);
}

constexpr Damage kDamages[] = {
    {"key_twice", [](gguf::Draft& d) { gguf::put<bool>(d, "general.name", true); },
     "'general.name': the key is there twice"},
    {"tensor_missing", [](gguf::Draft& d) { d.tensors.erase(d.tensors.begin() + 2); },
     "blk.0.attn_q.weight"},
    {"no_tensors", [](gguf::Draft& d) { d.tensors.clear(); }, "token_embd.weight"},
    {"token_types_short",
     [](gguf::Draft& d) { put_again<std::int32_t>(d, "tokenizer.ggml.token_type", {1, 1}); },
     "token_type"},
    {"token_scores_short",
     [](gguf::Draft& d) { put_again<float>(d, "tokenizer.ggml.scores", {1, 1}); }, "scores"},
    {"tokens_are_numbers",
     [](gguf::Draft& d) { put_again<float>(d, "tokenizer.ggml.tokens", {1, 1}); }, "tokens"},
};

TEST(Mutation, DamagedDraftsAreClearErrors) {
  const Loader loader;
  for (const std::string architecture : {"llama", "qwen3"}) {
    for (const Damage& damage : kDamages) {
      gguf::Draft draft = tiny_model(architecture);
      damage.apply(draft);
      const Bytes bytes = file_bytes(draft);
      const auto file = gguf::parse(bytes);
      expect_clear(file ? load_all(*file, loader.device)
                        : Expected<void>(tl::unexpected<Error>(file.error())),
                   architecture + " " + damage.name, damage.says);
    }
  }
}

TEST(Mutation, MoreExpertsUsedThanThereAre) {
  const Loader loader;
  for (const std::string architecture : {"qwen3moe", "gpt-oss"}) {
    gguf::Draft draft = tiny_model(architecture);
    draft.metadata.clear();
    draft.n_keys = 0;
    const Bytes sound = file_bytes(tiny_model(architecture));
    const auto whole = gguf::parse(sound);
    const std::string used = architecture + ".expert_used_count";
    for (const auto& entry : whole->metadata) {
      const bool is_experts = entry.key == architecture + ".expert_count";
      const gguf::Value two{gguf::ValueType::u32, std::uint64_t{2}};
      if (entry.key != used) gguf::put_value(draft, entry.key, is_experts ? two : entry.value);
    }
    const Bytes bytes = file_bytes(draft);
    const auto file = gguf::parse(bytes);
    expect_clear(load_all(*file, loader.device), architecture,
                 used + ": wanted 1 to 2, found none, which means");
  }
}

TEST(Mutation, TruncatedAtEveryFieldAndEveryPage) {
  const Bytes sound = file_bytes(tiny_model("llama"));
  std::vector<std::size_t> cuts;
  for (const auto& [name, at] : map_fields(sound).at) cuts.push_back(at);
  for (std::size_t at = 0; at < sound.size(); at += 4096) cuts.push_back(at);
  for (const std::size_t cut : cuts) {
    const Bytes bytes(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(cut));
    const auto file = gguf::parse(bytes);
    ASSERT_FALSE(file) << cut;
    ASSERT_EQ(file.error().fault, Fault::bad_model);
  }
}

}  // namespace
}  // namespace mr::hostile
