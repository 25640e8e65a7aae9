// What `show`, `plan` and `run` say of damaged files: each by the function that it begins with.
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <string>

#include "app/answer.h"
#include "app/exit.h"
#include "app/loaded.h"
#include "app/show.h"
#include "base/half.h"
#include "base/rng.h"
#include "model/architecture.h"
#include "mutations.h"
#include "sys/out_file.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace mr::hostile {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kLimit{2};

/// A file that goes with the test.
struct TemporaryFile {
  explicit TemporaryFile(const Bytes& bytes)
      : path(testing::TempDir() + "hostile_" + std::to_string(getpid()) + ".gguf") {
    auto file = sys::create(path);
    EXPECT_TRUE(file && sys::append(*file, bytes) && sys::commit(*file));
  }
  ~TemporaryFile() { unlink(path.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string path;
};

Expected<void> plan(const std::string& path) {
  MR_TRY(const app::Opened opened, app::open({.model = path, .n_threads = 1}));
  MR_TRY_VOID(engine::footprint(opened.sketch, {.n_context = 64}));
  return {};
}

/// The prompt as the model's template writes it, or plain.
Expected<std::vector<std::int32_t>> encode(const app::Loaded& loaded) {
  std::string prompt = "hello";
  if (loaded.has_chat_template) {
    MR_TRY(const auto chat, text::load_chat_template(loaded.path));
    const boost::json::value messages = {{{"role", "user"}, {"content", prompt}}};
    MR_TRY(const auto rendered, text::render_chat(chat, {.messages = &messages}));
    prompt = rendered.text;
  }
  MR_TRY(const auto ids, text::encode(loaded.tokenizer, prompt, {.add_special = true}));
  return std::vector<std::int32_t>(ids.begin(), ids.end());
}

/// Loads the model and lets it answer with two tokens.
Expected<void> run(const std::string& path) {
  MR_TRY(const app::Loaded loaded,
         app::load({.model = path, .n_threads = 1, .no_cache = true}, {.n_context = 64}));
  MR_TRY(auto prompt, encode(loaded));
  MR_TRY(engine::Engine engine, engine::make_engine(loaded.model, loaded.options));
  const app::AnswerArgs args;
  MR_TRY(app::Answer answer,
         app::begin_answer(engine, loaded,
                           {.prompt = std::move(prompt), .n_new = 2, .sample = {}, .args = args}));
  while (answer.finish == nullptr) MR_TRY_VOID(app::advance(answer));
  return {};
}

void expect_clear(const Expected<void>& result, const std::string& name) {
  ASSERT_FALSE(result) << name << " was accepted";
  const std::string& message = result.error().message;
  EXPECT_EQ(result.error().fault, Fault::bad_model) << name << ": " << message;
  for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~') << name << ": " << message;
}

TEST(Commands, SayWhatIsWrongWithDamagedFiles) {
  for (const std::string architecture : kArchitectures) {
    const Bytes sound = file_bytes(tiny_model(architecture));
    for (const Mutation& mutation : mutations()) {
      const std::string name = architecture + " " + mutation.name;
      const TemporaryFile file(apply(mutation, architecture, sound));
      auto start = Clock::now();
      const auto shown = app::show_model({.model = file.path});
      EXPECT_LT(Clock::now() - start, kLimit) << "show " << name;
      if (mutation.level == Level::file) {
        EXPECT_FALSE(shown) << name;
      }
      start = Clock::now();
      expect_clear(plan(file.path), "plan " + name);
      EXPECT_LT(Clock::now() - start, kLimit) << "plan " << name;
      start = Clock::now();
      expect_clear(run(file.path), "run " + name);
      EXPECT_LT(Clock::now() - start, kLimit) << "run " << name;
    }
  }
}

void expect_quick(const std::string& name, auto&& command) {
  const auto start = Clock::now();
  const auto result = command();
  EXPECT_LT(Clock::now() - start, kLimit) << name;
  if (result) return;
  testing::internal::CaptureStderr();
  app::report(result.error());
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_EQ(line.find('\n'), line.size() - 1) << name << ": " << line;
}

/// `n_rounds` damaged files, each for every command.
void damage_at_random(int n_rounds, Rng rng) {
  int n_ran = 0;
  for (int round = 0; round < n_rounds; ++round) {
    const std::string architecture = kArchitectures[below(rng, std::size(kArchitectures))];
    const TemporaryFile file(damage(file_bytes(tiny_model(architecture)), rng));
    const std::string name = std::to_string(round) + " " + architecture;
    expect_quick("show " + name,
                 [&] { return app::show_model({.model = file.path, .json = round % 2 == 0}); });
    expect_quick("plan " + name, [&] { return plan(file.path); });
    expect_quick("run " + name, [&] {
      const auto ran = run(file.path);
      n_ran += ran ? 1 : 0;
      return ran;
    });
  }
  EXPECT_LT(n_ran, n_rounds / 2);  // the damage is real
  EXPECT_GT(n_ran, 0);             // and some of it is taken for a model
}

TEST(Commands, RandomDamageNeverCrashes) {
  damage_at_random(300, Rng{44});
}

TEST(Commands, RandomDamageNeverCrashesFull) {
  if (std::getenv("MILLRACE_FULL") == nullptr) {
    GTEST_SKIP() << "10,000 damaged files: set MILLRACE_FULL=1";
  }
  damage_at_random(10000, Rng{45});
}

TEST(Commands, TheSoundModelRuns) {
  const TemporaryFile file(file_bytes(tiny_model("llama")));
  const auto ran = run(file.path);
  EXPECT_TRUE(ran) << ran.error().message;
}

/// Numbers of one kind that are no weights.
TEST(Commands, WeightsThatAreNoNumbers) {
  const std::vector<float> bad{std::numeric_limits<float>::quiet_NaN(),
                               std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity()};
  for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::q8_0, DType::q4_0}) {
    for (const float value : bad) {
      gguf::Draft draft = tiny_model("llama");
      TensorView& view = draft.tensors[2].view;  // blk.0.attn_q.weight
      Bytes data(row_bytes(type, elements(view)), std::byte{0x22});
      const std::size_t middle =
          data.size() / 2 / traits(type).block_bytes * traits(type).block_bytes;
      const std::uint16_t half = type == DType::bf16 ? f32_to_bf16(value) : f32_to_f16(value);
      if (type == DType::f32) std::memcpy(&data[middle], &value, 4);
      if (type != DType::f32) std::memcpy(&data[middle], &half, 2);
      view.type = type;
      view.bytes = data.size();
      view.data = data.data();
      const TemporaryFile file(file_bytes(draft));
      const auto ran = run(file.path);
      expect_clear(ran, traits(type).name);
      EXPECT_NE(ran.error().message.find("'blk.0.attn_q.weight': wanted finite"), std::string::npos)
          << ran.error().message;
    }
  }
}

constexpr const char* kTemplateBombs[] = {
    "{{ range(10**9)|list }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{{ 'a' * 2**40 }}",
    "{{ 9**9**9**9 }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% set n = namespace(x='a') %}{% for i in range(64) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ messages[0].__init__.__globals__ }}",
    "{% for m in messages %}",
    "{{ raise_exception('\x1b[2J') }}",
};

TEST(Commands, TemplatesThatBlowUp) {
  for (const char* bomb : kTemplateBombs) {
    gguf::Draft draft = tiny_model("llama");
    gguf::Draft without = draft;
    without.metadata.clear();
    without.n_keys = 0;
    const Bytes bytes = file_bytes(draft);
    const auto parsed = gguf::parse(bytes);
    for (const auto& entry : parsed->metadata) {
      if (entry.key != "tokenizer.chat_template" && entry.key != "general.alignment") {
        gguf::put_value(without, entry.key, entry.value);
      }
    }
    gguf::put<std::string_view>(without, "tokenizer.chat_template", bomb);
    const TemporaryFile file(file_bytes(without));
    const auto start = Clock::now();
    EXPECT_TRUE(plan(file.path)) << bomb;
    const auto ran = run(file.path);
    EXPECT_LT(Clock::now() - start, kLimit) << bomb;
    ASSERT_FALSE(ran) << bomb;
    testing::internal::CaptureStderr();
    app::report(ran.error());
    const std::string line = testing::internal::GetCapturedStderr();
    EXPECT_NE(line.find("template"), std::string::npos) << line;
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace mr::hostile
