// Models that draft for another: what they may be, and that a text is the target's own whatever
// they say.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "engine/engine.h"
#include "io/gguf.h"
#include "kern/level.h"
#include "model/view.h"
#include "spec/draft_source.h"
#include "spec/drafter.h"
#include "spec/skip_set.h"
#include "sys/team.h"
#include "text/vocab.h"
#include "tiny_model.h"

namespace mr::engine {
namespace {

using Tokens = std::vector<std::int32_t>;

const std::string kShipped = MILLRACE_SOURCE_DIR "/models/millrace-nano/millrace-nano-f16.gguf";

/// The tiny model, and itself as its draft.
struct Rig {
  std::unique_ptr<sys::Team> team = std::move(*sys::make_team(1));
  kern::Device device = kern::cpu_device(*kern::pick_level(""), *team);
  model::Model model;
  spec::DraftModel draft;
};

model::Model load_tiny(const kern::Device& device) {
  const std::vector<std::byte> bytes = tiny::file();
  const auto file = gguf::parse(bytes);
  return std::move(*model::load({.gguf = &*file}, device));
}

Rig make_rig() {
  Rig rig;
  rig.model = load_tiny(rig.device);
  rig.draft = {.model = load_tiny(rig.device),
               .translation = {.n_target = tiny::kVocab, .n_draft = tiny::kVocab}};
  return rig;
}

Options options(std::int32_t n_parallel, std::int32_t n_running) {
  return {.n_context = 192,
          .n_parallel = n_parallel,
          .n_running = n_running,
          .n_step_rows = 128,
          .kv_type = DType::f16};
}

std::vector<Submit> requests(float temperature) {
  Rng rng{23};
  std::vector<Submit> all;
  for (std::uint64_t i = 0; i < 6; ++i) {
    Tokens prompt(10 + 15 * i);
    for (auto& token : prompt) token = static_cast<std::int32_t>(below(rng, tiny::kPoison));
    all.push_back(
        {.prompt = std::move(prompt),
         .n_new = 40,
         .sample = {.temperature = temperature, .seed = i, .banned_tokens = {tiny::kPoison}}});
  }
  return all;
}

struct Done {
  std::map<sched::RequestId, Tokens> texts;
  Counts counts;
  std::vector<spec::Tally> tally;
};

Done finish(const model::Model& model, const std::vector<Submit>& all, const Options& options) {
  Done done;
  auto engine = make_engine(model, options);
  EXPECT_TRUE(engine) << engine.error().message;
  if (!engine) return done;
  for (const Submit& one : all) EXPECT_TRUE(submit(*engine, one));
  while (busy(*engine)) {
    const auto events = step(*engine, 0);
    EXPECT_TRUE(events) << events.error().message;
    if (!events) break;
    for (const Event& event : *events) {
      Tokens& text = done.texts[event.request];
      text.insert(text.end(), event.tokens.begin(), event.tokens.end());
    }
  }
  done.counts = engine->counts;
  done.tally = engine->portfolio.tally;
  return done;
}

spec::Settings settings(const char* methods, std::vector<const spec::DraftModel*> drafts) {
  spec::Settings made = *spec::parse_settings(methods);
  made.sources.drafts = std::move(drafts);
  return made;
}

TEST(DraftModels, TheTargetAsItsOwnDraftIsAlwaysRight) {
  const Rig rig = make_rig();
  for (const float temperature : {0.0F, 1.0F}) {
    Options with = options(3, 3);
    const Done plain = finish(rig.model, requests(temperature), with);
    with.spec = settings("draft:depth=4", {&rig.draft});
    const Done drafted = finish(rig.model, requests(temperature), with);
    EXPECT_EQ(plain.texts, drafted.texts);
    EXPECT_GT(drafted.tally[0].n_computed, 0);
    EXPECT_EQ(drafted.tally[0].n_computed, drafted.tally[0].n_accepted) << temperature;
    EXPECT_LT(2 * drafted.counts.steps, plain.counts.steps + 20);
  }
}

TEST(DraftModels, TreesOfSeveralInLittleMemoryChangeNoText) {
  const Rig rig = make_rig();
  for (const float temperature : {0.0F, 1.0F}) {
    Options with = options(2, 6);
    const Done plain = finish(rig.model, requests(temperature), with);
    for (const char* shape : {"draft:depth=5,width=3,nodes=20", "draft:depth=64,width=8,nodes=9"}) {
      with.spec = settings(shape, {&rig.draft, &rig.draft});
      const Done drafted = finish(rig.model, requests(temperature), with);
      EXPECT_EQ(plain.texts, drafted.texts) << shape;
      EXPECT_GT(drafted.tally[0].n_accepted, 50) << shape;
    }
  }
}

/// Even tokens are the draft's own; an odd one is spelled with two others.
spec::Translation every_other() {
  spec::Translation made{.n_target = tiny::kVocab, .n_draft = tiny::kVocab, .same = false};
  made.spell_begin.push_back(0);
  for (std::int32_t token = 0; token < tiny::kVocab; ++token) {
    made.spelling.push_back(token - token % 2);
    if (token % 2 == 1) made.spelling.push_back((token + 1) % tiny::kVocab);
    made.spell_begin.push_back(static_cast<std::int32_t>(made.spelling.size()));
    made.to_target.push_back(token % 2 == 0 ? token : -1);
  }
  return made;
}

TEST(DraftModels, OneOfOtherTokensChangesNoText) {
  Rig rig = make_rig();
  rig.draft.translation = every_other();
  for (const float temperature : {0.0F, 1.0F}) {
    Options with = options(6, 6);
    const Done plain = finish(rig.model, requests(temperature), with);
    with.spec = settings("draft:depth=4,width=2,nodes=12", {&rig.draft});
    const Done drafted = finish(rig.model, requests(temperature), with);
    EXPECT_EQ(plain.texts, drafted.texts);
    EXPECT_GT(drafted.tally[0].n_accepted, 0);
  }
}

TEST(DraftModels, TheFirstChildrenAreTheLikeliest) {
  const Rig rig = make_rig();
  Options with = options(3, 3);
  with.spec = settings("draft:depth=2,width=4,nodes=20", {&rig.draft});
  for (const float temperature : {0.0F, 1.0F}) {
    const spec::Tally tally = finish(rig.model, requests(temperature), with).tally[0];
    EXPECT_EQ(tally.tried_of_rank[0], tally.accepted_of_rank[0]);
    EXPECT_GT(tally.tried_of_rank[1], 0);
    EXPECT_EQ(0, tally.accepted_of_rank[1]);
  }
}

TEST(DraftModels, WhatDoesNotFitIsRefused) {
  Rig rig = make_rig();
  Options with = options(1, 1);
  with.spec = settings("draft", {});
  const auto none = make_engine(rig.model, with);
  ASSERT_FALSE(none);
  EXPECT_EQ(Fault::bad_request, none.error().fault);
  EXPECT_NE(std::string::npos, none.error().message.find("--model-draft"));
  const auto file = gguf::open(kShipped);
  ASSERT_TRUE(file) << file.error().message;
  auto shipped = model::load({.gguf = &*file}, rig.device);
  ASSERT_TRUE(shipped) << shipped.error().message;
  const text::Tokenizer tokenizer = *text::make_tokenizer(*text::read_vocab(kShipped));
  const auto larger = spec::make_draft_model(std::move(*shipped), tokenizer, rig.model, tokenizer);
  ASSERT_FALSE(larger);
  EXPECT_EQ(Fault::bad_model, larger.error().fault);
  EXPECT_NE(std::string::npos, larger.error().message.find("draft model: wanted at most"));
}

std::string refusal(const model::Model& model, const spec::Settings& spec) {
  Options with = options(1, 1);
  with.spec = spec;
  const auto made = make_engine(model, with);
  EXPECT_FALSE(made);
  if (made) return "";
  EXPECT_EQ(Fault::bad_request, made.error().fault);
  return made.error().message;
}

TEST(SelfDrafts, LayersThatAreNotThereAreRefused) {
  const Rig rig = make_rig();
  for (const std::int32_t n : {-1, 2, 3}) {
    spec::Settings with = settings("exit", {});
    with.sources.exit_layer = n;
    EXPECT_EQ("speculation: exit wants 1 to 1 of the target's 2 layers, found " + std::to_string(n),
              refusal(rig.model, with));
  }
  for (const std::int32_t layer : {-1, 2}) {
    spec::Settings with = settings("skip", {});
    with.sources.skipped_layers = {0, layer};
    EXPECT_EQ("speculation: skip wants layers from 0 to 1, found " + std::to_string(layer),
              refusal(rig.model, with));
  }
  spec::Settings all = settings("skip", {});
  all.sources.skipped_layers = {1, 0};
  EXPECT_EQ("speculation: skip wants a layer that is left, found all 2 skipped",
            refusal(rig.model, all));
  EXPECT_NE(std::string::npos,
            refusal(rig.model, settings("selfquant", {})).find("at 4 bits, found none"));
}

TEST(SelfDrafts, AViewHasTheChosenLayers) {
  const Rig rig = make_rig();
  const auto last = model::view(rig.model, std::vector<std::int32_t>{1});
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(1, last->config.n_layers);
  EXPECT_EQ(rig.model.layers[1].wq.data, last->layers.at(0).wq.data);
  for (const Tokens& wrong : {Tokens{}, Tokens{1, 0}, Tokens{0, 0}, Tokens{2}, Tokens{-1}}) {
    EXPECT_FALSE(model::view(rig.model, wrong));
  }
}

TEST(SelfDrafts, ALayerThatDoesNothingIsFoundAndSkippedWithoutALoss) {
  Rig rig = make_rig();
  // Without what attention and feed-forward put out, a layer only hands on.
  model::Layer& idle = rig.model.layers[0];
  std::vector<float> zeros(32 * 64);
  for (kern::Weight* weight : {&idle.wo, &idle.down}) {
    rig.device.ops->pack(rig.device, {.to = const_cast<void*>(weight->data),
                                      .from = zeros.data(),
                                      .type = DType::f32,
                                      .n_out = weight->n_out,
                                      .n_in = weight->n_in});
  }
  const auto found = spec::find_skip_set(rig.model, 4);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ((Tokens{0}), *found);
  Options with = options(3, 3);
  with.spec = settings("skip", {});
  const spec::Tally tally = finish(rig.model, requests(1), with).tally[0];
  EXPECT_GT(tally.n_computed, 0);
  EXPECT_EQ(tally.n_computed, tally.n_accepted);
}

TEST(SelfDrafts, AtFourBitsTheModelSaysMuchTheSame) {
  Rig rig = make_rig();
  const std::vector<std::byte> bytes = tiny::file();
  const auto file = gguf::parse(bytes);
  const auto few = model::load({.gguf = &*file}, rig.device, {}, model::Bits::four);
  ASSERT_TRUE(few) << few.error().message;
  EXPECT_EQ(DType::q4_0, few->layers[0].wq.type);
  EXPECT_EQ(DType::q4_0, few->head.type);
  Options with = options(3, 3);
  with.spec = settings("selfquant", {});
  with.spec.sources.few_bits = &*few;
  const Done plain = finish(rig.model, requests(0), options(3, 3));
  const Done drafted = finish(rig.model, requests(0), with);
  EXPECT_EQ(plain.texts, drafted.texts);
  EXPECT_GT(drafted.tally[0].n_accepted, drafted.tally[0].n_computed / 10);
}

std::int32_t n_free(const spec::Drafter& drafter) {
  return kv::n_free(drafter.pool, kv::Kind::full);
}

TEST(Drafter, KeepsWhatTextsHaveInCommonAndGivesTheRestBack) {
  const Rig rig = make_rig();
  spec::Drafter drafter =
      *spec::make_drafter(rig.model, {.n_context = 128, .n_parallel = 1, .kv_type = DType::f16});
  const std::int32_t n_pages = n_free(drafter);
  ASSERT_EQ(3, n_pages);
  const Tokens text{5, 6, 7, 8};
  drafter.clock = 1;
  spec::CachedText* known = *spec::open_text(drafter, 1, text);
  ASSERT_NE(nullptr, known);
  EXPECT_TRUE(*spec::reserve(drafter, *known, 65));
  EXPECT_EQ(n_pages - 2, n_free(drafter));
  known->tokens = {5, 6, 9};
  EXPECT_EQ((Tokens{5, 6}), (*spec::open_text(drafter, 1, text))->tokens);
  known->tokens = text;
  EXPECT_EQ((Tokens{5, 6, 7}), (*spec::open_text(drafter, 1, text))->tokens)
      << "the last one's logits are wanted";
  // Another text in the same call takes what is left, but not the first one's.
  const Tokens longer(65, 4);
  EXPECT_EQ(nullptr, *spec::open_text(drafter, 2, longer));
  EXPECT_EQ(2U, known->pages.size());
  drafter.clock = 2;
  EXPECT_NE(nullptr, *spec::open_text(drafter, 2, longer));
  EXPECT_TRUE(known->pages.empty());
  EXPECT_TRUE(known->tokens.empty());
  spec::forget_text(drafter, 1);
  spec::forget_text(drafter, 2);
  spec::forget_text(drafter, 3);
  EXPECT_EQ(n_pages, n_free(drafter));
}

}  // namespace
}  // namespace mr::engine
