#include "engine/spec_trial.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <map>

#include "sys/clock.h"

namespace mr::engine {
namespace {

struct Text {
  std::vector<std::int32_t> tokens;
  std::vector<float> logprobs;
};

double draft_us(const Engine& engine) {
  double us = 0;
  for (const spec::Tally& tally : engine.portfolio.tally) us += tally.us;
  return us;
}

/// Answers one group, and adds what its decoding came to.
Expected<std::vector<Text>> answer(Engine& engine, const SpecTest& test,
                                   std::span<const std::vector<std::int32_t>> prompts,
                                   SpecTrial& trial) {
  std::map<sched::RequestId, std::size_t> place;
  for (const auto& prompt : prompts) {
    MR_TRY(const auto id,
           submit(engine, {.prompt = prompt, .n_new = test.n_new, .sample = test.sample}));
    place.emplace(id, place.size());
  }
  std::vector<Text> texts(prompts.size());
  while (busy(engine)) {
    // Decoding is timed once every prompt has its first token.
    const bool decodes =
        std::ranges::none_of(texts, [](const Text& t) { return t.tokens.empty(); });
    const Counts before = engine.counts;
    const double drafted = draft_us(engine);
    const double begin = sys::now_us();
    const auto n_running = static_cast<std::int64_t>(engine.state.running.size());
    MR_TRY(const auto events, step(engine, 0));
    for (const Event& event : events) {
      if (event.ended == sched::Reason::failed) {
        return fail(Fault::failed, "an answer failed: its logits are no numbers");
      }
      Text& text = texts[place.at(event.request)];
      text.tokens.insert(text.tokens.end(), event.tokens.begin(), event.tokens.end());
      for (const auto& one : event.logprobs) text.logprobs.push_back(one.drawn.logprob);
    }
    if (!decodes) continue;
    trial.us += sys::now_us() - begin;
    trial.draft_us += draft_us(engine) - drafted;
    trial.n_steps += engine.counts.steps - before.steps;
    trial.n_rows += engine.counts.rows - before.rows;
    trial.n_tokens += engine.counts.tokens - before.tokens;
    trial.n_seq_steps += n_running;
  }
  return texts;
}

}  // namespace

Expected<SpecTrial> try_speculation(const model::Model& model, const Options& options,
                                    const SpecTest& test) {
  MR_TRY(Engine engine, make_engine(model, options));
  SpecTrial trial;
  const auto n_batch = static_cast<std::size_t>(test.n_batch);
  for (std::size_t begin = 0; begin < test.prompts.size(); begin += n_batch) {
    const auto group = test.prompts.subspan(begin, std::min(n_batch, test.prompts.size() - begin));
    MR_TRY(const auto texts, answer(engine, test, group, trial));
    for (const Text& text : texts) {
      trial.texts = XXH3_64bits_withSeed(text.tokens.data(),
                                         text.tokens.size() * sizeof(std::int32_t), trial.texts);
      trial.texts = XXH3_64bits_withSeed(text.logprobs.data(), text.logprobs.size() * sizeof(float),
                                         trial.texts);
    }
  }
  trial.tally = engine.portfolio.tally;
  return trial;
}

}  // namespace mr::engine
