// The model that ships, quantized: speculation changes neither a token nor a bit of a logprob,
// whoever proposes, with every sampler, alone and in company.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/half.h"
#include "engine/engine.h"
#include "io/gguf.h"
#include "io/gguf_write.h"
#include "kern/level.h"
#include "kern/ref/decode.h"
#include "model/weights.h"
#include "spec/draft_source.h"
#include "spec/rest_index.h"
#include "sys/team.h"
#include "text/grammar/schema.h"
#include "text/vocab.h"

namespace mr::engine {
namespace {

namespace fs = std::filesystem;
namespace grammar = text::grammar;
using Tokens = std::vector<std::int32_t>;

constexpr std::size_t kBlock = 32;
constexpr std::int32_t kNew = 12;
constexpr std::uint64_t kFingerprint = 5;

const std::string kShipped = MILLRACE_SOURCE_DIR "/models/millrace-nano/millrace-nano-f16.gguf";

/// A block of 32 numbers as Q8_0 or Q4_0 has it: the largest decides the scale.
/// Source: ggml-quants.c, quantize_row_q8_0_ref and quantize_row_q4_0_ref.
void put_block(DType type, const float* x, std::vector<std::byte>& out) {
  const float* widest =
      std::max_element(x, x + kBlock, [](float a, float b) { return std::abs(a) < std::abs(b); });
  const float scale = type == DType::q8_0 ? std::abs(*widest) / 127 : *widest / -8;
  const float inverse = scale != 0 ? 1 / scale : 0;
  const std::uint16_t bits = f32_to_f16(scale);
  std::byte half[2];
  std::memcpy(half, &bits, sizeof bits);
  out.insert(out.end(), half, half + 2);
  if (type == DType::q8_0) {
    for (std::size_t i = 0; i < kBlock; ++i) {
      out.push_back(static_cast<std::byte>(static_cast<std::int8_t>(std::lround(x[i] * inverse))));
    }
    return;
  }
  const auto nibble = [&](std::size_t i) {
    return static_cast<unsigned>(std::clamp(x[i] * inverse + 8.5F, 0.0F, 15.0F));
  };
  for (std::size_t i = 0; i < kBlock / 2; ++i) {
    out.push_back(static_cast<std::byte>(nibble(i) | nibble(i + kBlock / 2) << 4));
  }
}

std::vector<std::byte> quantized(const TensorView& view, DType type) {
  std::vector<float> values(elements(view));
  kern::ref::decode(view.type, view.data, values.data(), values.size());
  std::vector<std::byte> out;
  for (std::size_t i = 0; i < values.size(); i += kBlock) put_block(type, &values[i], out);
  return out;
}

/// The file that ships with its matrices as `type`.
std::vector<std::byte> shipped_as(DType type) {
  const auto shipped = gguf::open(kShipped);
  EXPECT_TRUE(shipped) << shipped.error().message;
  gguf::Draft draft;
  for (const auto& [key, value] : shipped->metadata) gguf::put_value(draft, key, value);
  std::vector<std::vector<std::byte>> data;
  for (const gguf::Tensor& tensor : shipped->tensors) {
    TensorView view = tensor.view;
    const bool is_matrix = view.n_dims == 2;
    data.push_back(is_matrix ? quantized(view, type)
                             : std::vector<std::byte>(view.data, view.data + view.bytes));
    if (is_matrix) view.type = type;
    view.bytes = data.back().size();
    draft.tensors.push_back({tensor.name, view});
  }
  std::vector<std::byte> bytes = gguf::header(draft).value();
  for (const std::vector<std::byte>& one : data) {
    bytes.insert(bytes.end(), one.begin(), one.end());
    bytes.resize((bytes.size() + draft.alignment - 1) / draft.alignment * draft.alignment);
  }
  return bytes;
}

/// The levels of this machine; the plain C++ one only where it is all there is, or all is wanted.
std::vector<kern::Level> levels_here(bool all) {
  std::vector<kern::Level> out;
  for (const kern::LevelInfo& info : kern::levels()) {
    if (info.level != kern::Level::cuda && info.compiled && info.missing.empty()) {
      out.push_back(info.level);
    }
  }
  if (!all && out.size() > 1) std::erase(out, kern::Level::ref);
  return out;
}

/// Passages of the documentation, whose lists and tables repeat themselves.
std::vector<Tokens> prompts(const text::Tokenizer& tok, std::size_t n) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(MILLRACE_SOURCE_DIR "/docs")) {
    if (entry.path().extension() == ".md") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  Tokens all;
  for (const fs::path& path : paths) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto ids = text::encode(tok, text);
    EXPECT_TRUE(ids) << path;
    all.insert(all.end(), ids->begin(), ids->end());
  }
  std::vector<Tokens> out;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t length = 12 + 7 * i % 60;
    const std::size_t begin = i * (all.size() - length) / n;
    out.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(begin),
                     all.begin() + static_cast<std::ptrdiff_t>(begin + length));
  }
  return out;
}

/// What a request may ask of its draws: greedy, and T = 1 with each sampler and penalty.
std::vector<sample::Params> samplers(grammar::Matcher* matcher) {
  std::vector<sample::Params> all{
      {.temperature = 0},
      {},
      {.dynatemp_range = 0.5F},
      {.top_k = 10},
      {.top_p = 0.8F},
      {.min_p = 0.1F},
      {.typical_p = 0.7F},
      {.top_n_sigma = 1},
      {.xtc_probability = 0.7F, .xtc_threshold = 0.05F},
      {.repetition_penalty = 1.3F},
      {.presence_penalty = 0.8F, .frequency_penalty = 0.4F},
      {.dry_multiplier = 2, .dry_allowed_length = 1},
      {.no_repeat_ngram_size = 2},
      {.mirostat = 2, .mirostat_tau = 3},
      {.adaptive_target = 0.3F},
      {.logit_bias = {{11, 3}, {12, -3}}, .banned_tokens = {5}, .min_tokens = 8},
      {.temperature = 0, .repetition_penalty = 1.2F},
  };
  all.emplace_back().grammar.matcher = matcher;
  for (sample::Params& params : all) params.n_logprobs = 1;
  return all;
}

struct World {
  text::Tokenizer tok;
  std::shared_ptr<grammar::Matcher> matcher;  ///< of lists of numbers
  std::vector<sample::Params> params;
};

World make_world() {
  World world;
  world.tok = *text::make_tokenizer(*text::read_vocab(kShipped));
  grammar::Meter meter;
  grammar::Network net{.meter = &meter};
  net.root = *grammar::add_schema(
      net, boost::json::parse(R"({"type":"array","minItems":6,"items":{"type":"integer"}})"));
  world.matcher = grammar::make_matcher(
      std::make_shared<const grammar::Program>(*grammar::finish(std::move(net))),
      std::make_shared<const grammar::Vocabulary>(grammar::make_vocabulary(world.tok)));
  world.params = samplers(world.matcher.get());
  return world;
}

struct Answer {
  Tokens tokens;
  std::vector<float> logprobs;  ///< of each token, and of the likeliest one in its place
  bool operator==(const Answer&) const = default;
};

struct Answered {
  std::vector<Answer> answers;
  std::int64_t n_accepted = 0;  ///< proposed tokens that came true, once for each proposer
};

std::int32_t rows_for(std::int32_t n_running) {
  return std::max(64, 17 * n_running);
}

/// Answers prompt i with sampler (i + shift), `n_running` at once in a cache for `n_parallel`.
Answered answer(const model::Model& model, const World& world, const std::vector<Tokens>& asked,
                std::size_t shift, Options options) {
  Answered out{.answers = std::vector<Answer>(asked.size())};
  auto made = make_engine(model, options);
  EXPECT_TRUE(made) << made.error().message;
  if (!made) return out;
  Engine engine = std::move(*made);
  std::map<sched::RequestId, std::size_t> place;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Submit request{.prompt = asked[i],
                   .n_new = kNew,
                   .sample = world.params[(i + shift) % world.params.size()],
                   .stop_tokens = {static_cast<std::int32_t>(world.tok.vocab.eos)}};
    request.sample.seed = i;
    const auto id = submit(engine, std::move(request));
    EXPECT_TRUE(id) << id.error().message;
    if (id) place.emplace(*id, i);
  }
  while (busy(engine)) {
    const auto events = step(engine, 0);
    EXPECT_TRUE(events) << events.error().message;
    if (!events) break;
    for (const Event& event : *events) {
      EXPECT_NE(sched::Reason::failed, event.ended.value_or(sched::Reason::stopped));
      Answer& one = out.answers[place.at(event.request)];
      one.tokens.insert(one.tokens.end(), event.tokens.begin(), event.tokens.end());
      for (const sample::Logprobs& told : event.logprobs) {
        one.logprobs.push_back(told.drawn.logprob);
        one.logprobs.push_back(told.top.at(0).logprob);
      }
    }
  }
  for (const spec::Tally& tally : engine.portfolio.tally) out.n_accepted += tally.n_accepted;
  return out;
}

Options options_of(std::int32_t n_running, bool tight) {
  return {.n_context = 128,
          .n_parallel = tight ? 2 : n_running,
          .n_running = n_running,
          .n_step_rows = rows_for(n_running),
          .kv_type = DType::f16,
          .deterministic = tight};
}

/// A model of the shipped weights.
model::Model load_as(DType type, const kern::Device& device,
                     model::Bits bits = model::Bits::as_stored) {
  const std::vector<std::byte> bytes = shipped_as(type);
  const auto file = gguf::parse(bytes);
  EXPECT_TRUE(file) << file.error().message;
  auto model = model::load({.gguf = &*file}, device, {}, bits);
  EXPECT_TRUE(model) << model.error().message;
  return std::move(*model);
}

/// One form of the model at one level, and what drafts for it: the smallest form, and this one with
/// fewer bits.
struct Rig {
  std::unique_ptr<sys::Team> team;
  model::Model model;
  spec::DraftModel draft;
  model::Model few_bits;
};

Rig make_rig(kern::Level level, DType type, const World& world) {
  Rig rig;
  rig.team = std::move(*sys::make_team(1));
  const kern::Device device = kern::cpu_device(level, *rig.team);
  rig.model = load_as(type, device);
  rig.few_bits = load_as(type, device, model::Bits::four);
  auto draft =
      spec::make_draft_model(load_as(DType::q4_0, device), world.tok, rig.model, world.tok);
  EXPECT_TRUE(draft) << draft.error().message;
  rig.draft = std::move(*draft);
  return rig;
}

/// Every method alone, all of them together, and the default; with an index of what plain decoding
/// answered for the one that wants a corpus, and a draft model.
std::vector<std::string> mixtures() {
  std::vector<std::string> all{"auto", ""};
  for (const spec::Method& method : spec::methods()) {
    all[1] += (all[1].empty() ? "" : "+") + std::string(method.name);
    all.emplace_back(method.name);
  }
  return all;
}

spec::Settings settings_of(const std::string& text, const std::vector<Answer>& plain,
                           const Rig& rig) {
  const std::string path = testing::TempDir() + "exactness_test.rest";
  Tokens corpus;
  for (const Answer& one : plain) corpus.insert(corpus.end(), one.tokens.begin(), one.tokens.end());
  EXPECT_TRUE(spec::write_rest_index(path, corpus, rig.model.config.n_vocab, kFingerprint));
  spec::Settings settings = *spec::parse_settings(text);
  settings.sources = {.rest_index = path,
                      .tokenizer_fingerprint = kFingerprint,
                      .drafts = {&rig.draft},
                      .few_bits = &rig.few_bits};
  return settings;
}

enum class Company : std::uint8_t { none, sixteen, sixteen_in_little_memory };

/// Returns how many proposed tokens came true.
std::int64_t compare(const Rig& rig, const World& world, const std::vector<Tokens>& asked,
                     std::size_t shift, const std::string& text, Company company,
                     const std::vector<Answer>& plain) {
  Options options =
      options_of(company == Company::none ? 1 : 16, company == Company::sixteen_in_little_memory);
  options.spec = settings_of(text, plain, rig);
  const Answered drafted = answer(rig.model, world, asked, shift, options);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(plain[i].tokens, drafted.answers[i].tokens)
        << text << ", company " << static_cast<int>(company) << ", prompt " << i << ", sampler "
        << (i + shift) % world.params.size();
    EXPECT_EQ(plain[i].logprobs, drafted.answers[i].logprobs) << text << ", prompt " << i;
  }
  return drafted.n_accepted;
}

std::vector<Answer> plain_answers(const Rig& rig, const World& world,
                                  const std::vector<Tokens>& asked, std::size_t shift, bool tight) {
  Options options = options_of(1, tight);
  return answer(rig.model, world, asked, shift, options).answers;
}

// A covering array: every mixture meets every level, every form meets every level and company, and
// each run has a prompt for every sampler.
TEST(Exactness, HoldsForEveryPairOfProposerFormLevelAndCompany) {
  const World world = make_world();
  const std::vector<Tokens> asked = prompts(world.tok, world.params.size());
  const std::vector<std::string> texts = mixtures();
  constexpr std::array kForms{DType::q4_0, DType::q8_0};
  std::size_t n_level = 0;
  std::int64_t n_accepted = 0;
  for (const kern::Level level : levels_here(false)) {
    for (std::size_t form = 0; form < kForms.size(); ++form) {
      const Rig rig = make_rig(level, kForms[form], world);
      const std::vector<Answer> plain = plain_answers(rig, world, asked, 0, false);
      const std::vector<Answer> exact = plain_answers(rig, world, asked, 0, true);
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto company = static_cast<Company>((i + form + n_level) % 3);
        const bool tight = company == Company::sixteen_in_little_memory;
        n_accepted += compare(rig, world, asked, 0, texts[i], company, tight ? exact : plain);
      }
    }
    ++n_level;
  }
  EXPECT_GT(n_accepted, 100);  // often enough to mean something
}

TEST(Exactness, HoldsForEverythingOn200PromptsFull) {
  if (std::getenv("MILLRACE_FULL") == nullptr) GTEST_SKIP() << "hours: set MILLRACE_FULL=1";
  const World world = make_world();
  const std::vector<Tokens> asked = prompts(world.tok, 200);
  for (const kern::Level level : levels_here(true)) {
    for (const DType type : {DType::q4_0, DType::q8_0}) {
      const Rig rig = make_rig(level, type, world);
      for (std::size_t shift = 0; shift < world.params.size(); ++shift) {
        const std::vector<Answer> plain = plain_answers(rig, world, asked, shift, false);
        for (const std::string& text : mixtures()) {
          compare(rig, world, asked, shift, text, Company::none, plain);
          compare(rig, world, asked, shift, text, Company::sixteen, plain);
        }
      }
    }
  }
}

}  // namespace
}  // namespace mr::engine
