#include "engine/spec_trial.h"

#include <xxhash.h>

#include <algorithm>
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

/// Answers all prompts, `test.n_batch` at once, and adds what their decoding came to.
Expected<std::vector<Text>> answer(Engine& engine, const SpecTest& test, SpecTrial& trial) {
  std::map<sched::RequestId, std::size_t> open;
  std::vector<Text> texts(test.prompts.size());
  for (std::size_t next = 0; next < texts.size() || busy(engine);) {
    while (next < texts.size() && open.size() < static_cast<std::size_t>(test.n_batch)) {
      MR_TRY(const auto id,
             submit(engine,
                    {.prompt = test.prompts[next], .n_new = test.n_new, .sample = test.sample}));
      open.emplace(id, next++);
    }
    // A step that reads a prompt is no decoding.
    const bool decodes = std::ranges::none_of(
        open, [&](const auto& one) { return texts[one.second].tokens.empty(); });
    const Counts before = engine.counts;
    const double drafted = draft_us(engine);
    const double begin = sys::now_us();
    const auto n_running = static_cast<std::int64_t>(engine.state.running.size());
    MR_TRY(const auto events, step(engine, 0));
    const double us = sys::now_us() - begin;
    for (const Event& event : events) {
      if (event.ended == sched::Reason::failed) {
        return fail(Fault::failed, "an answer failed: its logits are no numbers");
      }
      Text& text = texts[open.at(event.request)];
      text.tokens.insert(text.tokens.end(), event.tokens.begin(), event.tokens.end());
      for (const auto& one : event.logprobs) text.logprobs.push_back(one.drawn.logprob);
      if (event.ended) open.erase(event.request);
    }
    if (!decodes) continue;
    trial.us += us;
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
  MR_TRY(const auto texts, answer(engine, test, trial));
  for (const Text& text : texts) {
    trial.texts = XXH3_64bits_withSeed(text.tokens.data(),
                                       text.tokens.size() * sizeof(std::int32_t), trial.texts);
    trial.texts = XXH3_64bits_withSeed(text.logprobs.data(), text.logprobs.size() * sizeof(float),
                                       trial.texts);
  }
  trial.tally = engine.portfolio.tally;
  return trial;
}

}  // namespace mr::engine
