// The engine with a real, if tiny, model: a request's text is its own, whatever runs beside it,
// was cached before, or was guessed.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "io/gguf.h"
#include "kern/level.h"
#include "model/weights.h"
#include "spec/draft_source.h"
#include "spec/rest_index.h"
#include "sys/team.h"
#include "tiny_model.h"

namespace mr::engine {
namespace {

using Tokens = std::vector<std::int32_t>;

constexpr std::int32_t kOpen = 3;
constexpr std::int32_t kClose = 4;

using Texts = std::map<std::pair<sched::RequestId, std::int32_t>, Tokens>;

/// The tiny model at one level and thread count.
struct Rig {
  std::unique_ptr<sys::Team> team;
  model::Model model;
};

Rig make_rig(kern::Level level, int n_threads) {
  const std::vector<std::byte> bytes = tiny::file();
  Rig out;
  out.team = std::move(*sys::make_team(n_threads));
  const auto file = gguf::parse(bytes);
  EXPECT_TRUE(file) << file.error().message;
  std::int32_t n_loaded = 0;
  const auto count = [](void* n, std::int32_t n_done, std::int32_t) {
    EXPECT_EQ(++*static_cast<std::int32_t*>(n), n_done);
  };
  auto model = model::load({.gguf = &*file}, kern::cpu_device(level, *out.team),
                           {.run = count, .arg = &n_loaded});
  EXPECT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->config.n_layers, n_loaded);
  out.model = std::move(*model);
  return out;
}

std::vector<kern::Level> levels_here() {
  std::vector<kern::Level> out;
  for (const kern::LevelInfo& info : kern::levels()) {
    if (info.level != kern::Level::cuda && info.compiled && info.missing.empty()) {
      out.push_back(info.level);
    }
  }
  return out;
}

Tokens random_prompt(Rng& rng, std::size_t n) {
  Tokens out(n);
  for (auto& token : out) token = static_cast<std::int32_t>(below(rng, tiny::kPoison));
  return out;
}

Submit request(Tokens prompt, std::int32_t n_new, float temperature, std::uint64_t seed) {
  return {.prompt = std::move(prompt),
          .n_new = n_new,
          .sample = {.temperature = temperature, .seed = seed},
          .stop_tokens = {tiny::kPoison}};  // may be drawn like any other
}

/// Guesses for every decoding sequence: random trees over likely and unlikely tokens.
void offer_random_trees(Engine& engine, Rng& rng) {
  for (const sched::TaskId task : sched::decoding(engine.state)) {
    spec::Draft draft = spec::make_draft(0);
    for (std::uint64_t i = below(rng, 12); i > 0; --i) {
      const auto parent =
          static_cast<std::int32_t>(below(rng, static_cast<std::uint64_t>(spec::n_nodes(draft))));
      spec::add(draft, parent, static_cast<std::int32_t>(below(rng, tiny::kPoison)), 0.5F);
    }
    sched::offer(engine.state, task, std::move(draft));
  }
}

/// Runs until nothing is left. `guess`: with drafts, nearly all of them wrong.
Texts finish(Engine& engine, bool guess = false) {
  Texts texts;
  Rng rng{3};
  for (int steps = 0; busy(engine); ++steps) {
    if (guess) offer_random_trees(engine, rng);
    const auto events = step(engine, 0);
    EXPECT_TRUE(events) << events.error().message;
    if (!events || steps > 20000) break;
    for (const Event& event : *events) {
      Tokens& text = texts[{event.request, event.choice}];
      text.insert(text.end(), event.tokens.begin(), event.tokens.end());
      EXPECT_NE(sched::Reason::failed, event.ended.value_or(sched::Reason::stopped));
    }
  }
  EXPECT_EQ(0, static_cast<int>(engine.asked.size()));
  return texts;
}

Options options(std::int32_t n_parallel, std::int32_t n_running) {
  return {.n_context = 1024,
          .n_parallel = n_parallel,
          .n_running = n_running,
          .n_step_rows = 128,
          .kv_type = DType::f16};
}

/// The text of one request in an engine of its own.
Tokens alone(const model::Model& model, const Submit& submit_this) {
  Engine engine = std::move(*make_engine(model, options(1, 1)));
  const auto id = submit(engine, submit_this);
  return finish(engine).at({*id, 0});
}

/// Thoughts between two tokens that are drawn now and then, cut after a few tokens.
sample::ThoughtLimit short_thought(bool begun) {
  return {.open = kOpen,
          .close = kClose,
          .budget = 5,
          .message = {7, 7, 8},
          .grace = 2,
          .begun = begun};
}

std::vector<Submit> some_requests() {
  Rng rng{5};
  const Tokens shared = random_prompt(rng, 150);
  std::vector<Submit> out;
  for (std::uint64_t i = 0; i < 12; ++i) {
    Tokens prompt = shared;
    prompt.resize(below(rng, 150));
    const Tokens own = random_prompt(rng, 1 + below(rng, 90));
    prompt.insert(prompt.end(), own.begin(), own.end());
    out.push_back(request(std::move(prompt), 40, i % 3 == 0 ? 0.0F : 1.0F, i));
    sample::Params& params = out.back().sample;  // with samplers that look back or carry something
    if (i % 6 == 1) params.mirostat = 2;
    if (i % 6 == 2) params.adaptive_target = 0.2F;
    if (i % 6 == 4) params.repetition_penalty = 1.3F;
    if (i % 6 == 5) params.dry_multiplier = params.xtc_probability = 0.8F;
    if (i % 4 == 0) params.thought = short_thought(i % 8 == 0);
  }
  return out;
}

TEST(Engine, TextIsTheSameAloneAndInCompany) {
  for (const kern::Level level : levels_here()) {
    const Rig one = make_rig(level, 1);
    const Rig two = make_rig(level, 2);
    const std::vector<Submit> requests = some_requests();
    for (const bool guess : {false, true}) {
      Engine engine = std::move(*make_engine(two.model, options(12, 12)));
      std::vector<sched::RequestId> ids;
      for (const Submit& r : requests) ids.push_back(*submit(engine, r));
      const Texts texts = finish(engine, guess);
      for (std::size_t i = 0; i < requests.size(); ++i) {
        EXPECT_EQ(alone(one.model, requests[i]), texts.at({ids[i], 0}))
            << "request " << i << (guess ? " with" : " without") << " guesses";
      }
    }
  }
}

TEST(Engine, TextIsTheSameAfterAHitAndAfterPreemption) {
  const Rig setting = make_rig(kern::Level::ref, 2);
  const std::vector<Submit> requests = some_requests();
  Engine engine = std::move(*make_engine(setting.model, options(2, 8)));  // too few pages for all
  for (int round = 0; round < 2; ++round) {
    std::vector<sched::RequestId> ids;
    for (const Submit& r : requests) ids.push_back(*submit(engine, r));
    const Texts texts = finish(engine, true);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      EXPECT_EQ(alone(setting.model, requests[i]), texts.at({ids[i], 0}))
          << "request " << i << ", round " << round;
    }
  }
}

TEST(Engine, ChoicesShareAPromptAndDiffer) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{9};
  Submit r = request(random_prompt(rng, 100), 30, 1.0F, 17);
  const Tokens single = alone(setting.model, r);
  r.n_choices = 4;
  Engine engine = std::move(*make_engine(setting.model, options(4, 4)));
  const auto id = *submit(engine, r);
  const Texts texts = finish(engine);
  EXPECT_EQ(single, texts.at({id, 0}));
  EXPECT_NE(texts.at({id, 1}), texts.at({id, 2}));
  EXPECT_LT(engine.counts.rows, 100 + 4 * 30 + 10);  // the prompt was computed once
}

TEST(Engine, ARequestThatFailsFailsAlone) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{13};
  const Submit good = request(random_prompt(rng, 70), 20, 0.0F, 1);
  const Tokens wanted = alone(setting.model, good);
  Engine engine = std::move(*make_engine(setting.model, options(3, 3)));
  Tokens poisoned = good.prompt;
  poisoned[66] = tiny::kPoison;
  const auto bad_id = *submit(engine, request(poisoned, 20, 0.0F, 1));
  const auto good_id = *submit(engine, good);
  Tokens text;
  bool failed = false;
  while (busy(engine)) {
    const auto events = step(engine, 0);
    ASSERT_TRUE(events);
    for (const Event& event : *events) {
      if (event.request == good_id)
        text.insert(text.end(), event.tokens.begin(), event.tokens.end());
      if (event.request == bad_id && event.ended) failed = *event.ended == sched::Reason::failed;
    }
  }
  EXPECT_TRUE(failed);
  EXPECT_EQ(wanted, text);
  EXPECT_EQ(wanted, alone(setting.model, good));
}

TEST(Engine, AThoughtEndsWhenItsBudgetIsSpent) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{23};
  Submit r = request(random_prompt(rng, 30), 40, 1.0F, 4);
  const Tokens whole = alone(setting.model, r);
  ASSERT_EQ(40U, whole.size());
  r.sample.thought = {.open = kOpen, .close = kClose, .budget = 6, .message = {7, 8, 9}};
  r.sample.thought.begun = true;
  r.sample.banned_tokens = {kOpen, kClose};
  r.n_choices = 2;
  Engine engine = std::move(*make_engine(setting.model, options(2, 2)));
  const auto id = *submit(engine, r);
  const Texts texts = finish(engine);
  for (const std::int32_t choice : {0, 1}) {
    const Tokens& text = texts.at({id, choice});
    EXPECT_EQ((Tokens{7, 8, 9, kClose}), Tokens(text.begin() + 6, text.begin() + 10));
    EXPECT_EQ(40U, text.size());
  }
  EXPECT_LT(engine.counts.steps, 40 - 2);  // what is forced goes in one step

  // What was forced is in the context: the rest is what follows it as a prompt.
  const Tokens& text = texts.at({id, 0});
  Submit rest = r;
  rest.n_choices = 1;
  rest.sample.thought = {};
  rest.prompt.insert(rest.prompt.end(), text.begin(), text.begin() + 10);
  rest.n_new = 30;
  EXPECT_EQ(Tokens(text.begin() + 10, text.end()), alone(setting.model, rest));
}

TEST(Engine, EventsTellHowMuchOfThePromptWasCached) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{31};
  Submit r = request(random_prompt(rng, 100), 30, 1.0F, 6);
  Engine engine = std::move(*make_engine(setting.model, options(2, 2)));
  Tokens answer;
  for (const std::int32_t wanted : {0, 129}) {  // all but the last token, which has no K and V yet
    (void)*submit(engine, r);
    while (busy(engine)) {
      const auto events = step(engine, 0);
      for (const Event& event : *events) {
        EXPECT_TRUE(event.tokens.empty() || event.n_cached == wanted) << event.n_cached;
        answer.insert(answer.end(), event.tokens.begin(), event.tokens.end());
      }
    }
    r.prompt.insert(r.prompt.end(), answer.begin(), answer.end());
    r.prompt.push_back(5);
  }
}

/// Why the tree did not give the whole prompt.
sched::Miss miss_of(Engine& engine, const Submit& r) {
  sched::Miss miss = sched::Miss::none;
  (void)*submit(engine, r);
  while (busy(engine)) {
    const auto events = *step(engine, 0);
    for (const Event& event : events) {
      if (!event.tokens.empty()) miss = event.miss;
    }
  }
  return miss;
}

TEST(Engine, EventsTellWhyAPromptMissed) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{37};
  Options o = options(1, 1);  // 18 pages
  o.prompt_logprobs = true;
  Engine engine = std::move(*make_engine(setting.model, o));
  Submit r = request(random_prompt(rng, 300), 1, 1.0F, 6);
  EXPECT_EQ(sched::Miss::first, miss_of(engine, r));
  EXPECT_EQ(sched::Miss::none, miss_of(engine, r));
  Submit longer = r;
  longer.prompt.resize(400, 9);
  EXPECT_EQ(sched::Miss::ends, miss_of(engine, longer));
  Submit other = longer;
  other.prompt[200] ^= 1;
  EXPECT_EQ(sched::Miss::diverges, miss_of(engine, other));
  Submit apart = r;
  apart.salt = 8;
  EXPECT_EQ(sched::Miss::first, miss_of(engine, apart));
  Submit scored = r;
  scored.n_prompt_logprobs = 0;
  EXPECT_EQ(sched::Miss::asked, miss_of(engine, scored));
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(sched::Miss::none, miss_of(engine, request(random_prompt(rng, 900), 1, 1.0F, 6)));
  }
  EXPECT_EQ(sched::Miss::evicted, miss_of(engine, r));
}

/// What the hidden states of a prompt come to.
std::vector<float> pooled(Engine& engine, Tokens prompt, Pooling pooling) {
  std::vector<float> out;
  (void)*submit(engine, {.prompt = std::move(prompt), .pooling = pooling});
  while (busy(engine)) {
    auto events = *step(engine, 0);
    for (Event& event : events) {
      if (!event.hidden.empty()) out = std::move(event.hidden);
    }
  }
  return out;
}

TEST(Engine, TheMeanOfHiddenStatesIsThatOfTheLastOnesOfItsPrefixes) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{41};
  Options o = options(1, 1);
  o.n_step_rows = 16;  // prompts in pieces
  o.deterministic = true;
  Engine engine = std::move(*make_engine(setting.model, o));
  const Tokens prompt = random_prompt(rng, 40);
  std::vector<double> sum(static_cast<std::size_t>(setting.model.config.dim));
  for (std::size_t n = 1; n <= prompt.size(); ++n) {
    const auto last = pooled(
        engine, {prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(n)}, Pooling::last);
    ASSERT_EQ(sum.size(), last.size());
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(last[i]);
  }
  const auto mean = pooled(engine, prompt, Pooling::mean);
  ASSERT_EQ(sum.size(), mean.size());
  for (std::size_t i = 0; i < sum.size(); ++i) {
    EXPECT_EQ(static_cast<float>(sum[i] / static_cast<double>(prompt.size())), mean[i]);
  }
}

TEST(Engine, StopsAtStopTokensAndLimits) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{21};
  Submit r = request(random_prompt(rng, 10), 50, 0.8F, 2);
  const Tokens whole = alone(setting.model, r);
  ASSERT_EQ(50U, whole.size());
  r.stop_tokens.push_back(whole[7]);
  const Tokens cut = alone(setting.model, r);
  const auto first = std::find(whole.begin(), whole.end(), whole[7]);
  EXPECT_EQ(Tokens(whole.begin(), first + 1), cut);

  Engine engine = std::move(*make_engine(setting.model, options(1, 1)));
  EXPECT_EQ(Fault::does_not_fit, submit(engine, request(Tokens(1024, 1), 1, 0, 0)).error().fault);
  EXPECT_EQ(Fault::bad_request, submit(engine, request({1, -1}, 1, 0, 0)).error().fault);
  EXPECT_EQ(Fault::bad_request, submit(engine, request({tiny::kVocab}, 1, 0, 0)).error().fault);
  const auto id = *submit(engine, request(Tokens(1020, 1), 50, 0, 0));
  EXPECT_EQ(4U, finish(engine).at({id, 0}).size());
  (void)*submit(engine, request(Tokens(20, 1), 50, 0, 0));
  cancel(engine, engine.last_request);
  EXPECT_FALSE(busy(engine));
}

TEST(Engine, LogprobsOfAPromptAreThoseOfItsTokensWhenGenerated) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{31};
  Options wide = options(4, 4);
  wide.deterministic = wide.prompt_logprobs = true;
  wide.n_step_rows = 48;  // the prompt takes several steps
  Engine engine = std::move(*make_engine(setting.model, wide));
  Submit r = request(random_prompt(rng, 70), 60, 0.0F, 3);
  r.sample.n_logprobs = 2;
  const auto first = *submit(engine, r);
  std::vector<sample::Logprobs> generated;
  Tokens text = r.prompt;
  while (busy(engine)) {
    const auto events = step(engine, 0);
    for (const Event& event : *events) {
      EXPECT_EQ(first, event.request);
      text.insert(text.end(), event.tokens.begin(), event.tokens.end());
      generated.insert(generated.end(), event.logprobs.begin(), event.logprobs.end());
    }
  }
  Submit again = request(text, 0, 0.0F, 3);
  again.n_prompt_logprobs = 2;
  (void)*submit(engine, again);
  (void)*submit(engine, request(random_prompt(rng, 100), 20, 1.0F, 8));  // company
  std::vector<sample::Logprobs> scored;
  while (busy(engine)) {
    const auto events = step(engine, 0);
    for (const Event& event : *events) {
      scored.insert(scored.end(), event.prompt_logprobs.begin(), event.prompt_logprobs.end());
      EXPECT_TRUE(event.request != first + 1 || event.tokens.empty());
    }
  }
  ASSERT_EQ(text.size() - 1, scored.size());
  for (std::size_t i = 0; i < generated.size(); ++i) {
    const sample::Logprobs& one = scored[r.prompt.size() - 1 + i];
    EXPECT_EQ(generated[i].drawn.token, one.drawn.token);
    EXPECT_EQ(generated[i].drawn.logprob, one.drawn.logprob) << i;
    EXPECT_EQ(generated[i].top[1].token, one.top[1].token);
  }
  again.n_prompt_logprobs = 0;
  Engine plain = std::move(*make_engine(setting.model, options(4, 4)));
  EXPECT_EQ(Fault::bad_request, submit(plain, again).error().fault);
}

TEST(Engine, ChoicesAreCancelledOneByOne) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{9};
  Submit r = request(random_prompt(rng, 100), 30, 1.0F, 17);
  r.n_choices = 3;
  Engine engine = std::move(*make_engine(setting.model, options(4, 4)));
  const auto whole = *submit(engine, r);
  const Texts wanted = finish(engine);
  const auto id = *submit(engine, r);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(step(engine, 0));
  cancel(engine, id, 1);
  cancel(engine, id, 1);
  cancel(engine, id, 7);
  const Texts left = finish(engine);
  EXPECT_FALSE(left.contains({id, 1}));
  const Tokens& all = wanted.at({whole, 2});
  const Tokens& rest = left.at({id, 2});
  EXPECT_EQ(Tokens(all.end() - static_cast<std::ptrdiff_t>(rest.size()), all.end()), rest);
}

/// Requests, some of which repeat themselves, so that some proposals come true.
std::vector<Submit> repetitive_requests() {
  std::vector<Submit> out = some_requests();
  for (std::size_t i = 0; i < out.size(); i += 2) {
    Submit& r = out[i];
    r.sample.temperature = i % 4 == 0 ? 0.0F : 0.3F;
    const Tokens once = r.prompt;
    r.prompt.insert(r.prompt.end(), once.begin(), once.end());
    r.sample.n_logprobs = 2;
  }
  return out;
}

struct Answer {
  Tokens tokens;
  std::vector<float> logprobs;
  bool operator==(const Answer&) const = default;
};

std::vector<Answer> answers(const model::Model& model, const std::vector<Submit>& requests,
                            Options with, spec::Portfolio* after = nullptr) {
  Engine engine = std::move(*make_engine(model, with));
  std::vector<Answer> out(requests.size());
  std::map<sched::RequestId, std::size_t> place;
  for (const Submit& r : requests) place.emplace(*submit(engine, r), place.size());
  while (busy(engine)) {
    const auto events = step(engine, 0);
    EXPECT_TRUE(events) << events.error().message;
    if (!events) break;
    for (const Event& event : *events) {
      Answer& answer = out[place.at(event.request)];
      answer.tokens.insert(answer.tokens.end(), event.tokens.begin(), event.tokens.end());
      for (const sample::Logprobs& one : event.logprobs) {
        answer.logprobs.push_back(one.drawn.logprob);
      }
    }
  }
  EXPECT_TRUE(engine.portfolio.open.empty());
  if (after != nullptr) *after = std::move(engine.portfolio);
  return out;
}

/// Settings with an index of the answers, for the one that wants a corpus, and with a draft model.
spec::Settings settings_of(const std::string& text, const std::vector<Answer>& answers,
                           const spec::DraftModel& draft) {
  const std::string path = testing::TempDir() + "engine_test.rest";
  Tokens corpus;
  for (const Answer& a : answers) corpus.insert(corpus.end(), a.tokens.begin(), a.tokens.end());
  EXPECT_TRUE(spec::write_rest_index(path, corpus, tiny::kVocab, 5));
  spec::Settings settings = *spec::parse_settings(text);
  settings.sources = {
      .rest_index = path, .tokenizer_fingerprint = 5, .drafts = {&draft}, .few_bits = &draft.model};
  return settings;
}

TEST(Engine, ProposersChangeNothingButTheSteps) {
  const Rig setting = make_rig(levels_here().back(), 2);
  Rig other = make_rig(levels_here().back(), 2);
  const spec::DraftModel draft{.model = std::move(other.model),
                               .translation = {.n_target = tiny::kVocab, .n_draft = tiny::kVocab}};
  const std::vector<Submit> requests = repetitive_requests();
  const std::vector<Answer> wanted = answers(setting.model, requests, options(12, 12));
  std::vector<std::string> texts{"auto", "lookup:depth=3,width=4,nodes=9"};
  std::string all;
  for (const spec::Method& method : spec::methods()) {
    texts.emplace_back(method.name);
    all += (all.empty() ? "" : "+") + std::string(method.name);
  }
  texts.push_back(all);
  for (const std::string& text : texts) {
    const bool both = text == all || text == "auto";
    for (const std::int32_t n_running : both ? std::vector{1, 12} : std::vector{12}) {
      Options with = options(12, n_running);
      with.spec = settings_of(text, wanted, draft);
      spec::Portfolio after;
      EXPECT_EQ(wanted, answers(setting.model, requests, with, &after)) << text;
      for (std::size_t i = 0; i < after.tally.size(); ++i) {
        const spec::Tally& tally = after.tally[i];
        EXPECT_GE(tally.n_computed, tally.n_accepted);
        EXPECT_EQ(tally.n_accepted, std::accumulate(tally.accepted_at.begin(),
                                                    tally.accepted_at.end(), std::int64_t{0}));
        // The first round of requests has nothing in the tree to go by.
        const std::string_view name = after.proposers[i].method->name;
        if (with.spec.weighed || name == "tree") continue;
        EXPECT_GT(tally.n_accepted, 0) << text << ": " << name;
      }
    }
  }
}

TEST(Engine, ARepeatedRequestIsReadOffTheTree) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{19};
  const Submit r = request(random_prompt(rng, 70), 60, 1.0F, 5);
  Options with = options(2, 2);
  with.deterministic = true;  // the second time the prompt is cached
  with.spec = *spec::parse_settings("tree");
  Engine engine = std::move(*make_engine(setting.model, with));
  const auto first = *submit(engine, r);
  const Texts once = finish(engine);
  const std::int64_t n_steps = engine.counts.steps;
  const auto second = *submit(engine, r);
  const Texts again = finish(engine);
  EXPECT_EQ(once.at({first, 0}), again.at({second, 0}));
  EXPECT_LT(engine.counts.steps - n_steps, 10);
}

TEST(Engine, ARequestChoosesItsProposers) {
  const Rig setting = make_rig(kern::Level::ref, 1);
  Rng rng{29};
  Options with = options(2, 2);
  with.spec = *spec::parse_settings("lookup+random");
  Engine engine = std::move(*make_engine(setting.model, with));
  Submit r = request(random_prompt(rng, 30), 30, 1.0F, 5);
  r.speculation = "off";
  (void)*submit(engine, r);
  (void)finish(engine);
  EXPECT_EQ(0, engine.portfolio.tally[1].n_computed);
  r.speculation = "random";
  (void)*submit(engine, r);
  (void)finish(engine);
  EXPECT_GT(engine.portfolio.tally[1].n_computed, 0);
  r.speculation = "suffix";
  EXPECT_EQ(Fault::bad_request, submit(engine, r).error().fault);
}

}  // namespace
}  // namespace mr::engine
