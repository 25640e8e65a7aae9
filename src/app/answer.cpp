#include "app/answer.h"

#include <limits>
#include <utility>

#include "api/answer_grammar.h"

namespace mr::app {
namespace {

const char* name_of(sched::Reason reason) {
  switch (reason) {
    case sched::Reason::stopped:
      return "stop";
    case sched::Reason::length:
      return "length";
    case sched::Reason::failed:
      return "failed";
    case sched::Reason::deadline:
      return "deadline";
    case sched::Reason::no_memory:
      return "no_memory";
  }
  return "failed";
}

void append(text::AnswerDelta& to, const text::AnswerDelta& delta) {
  to.reasoning += delta.reasoning;
  to.text += delta.text;
}

void end(Answer& answer, const char* why, text::AnswerDelta& delta) {
  append(delta, finish(answer.stream));
  answer.finish = why;
  answer.n_steps = answer.engine->counts.steps - answer.n_steps;
  answer.end = Answer::Clock::now();
  if (answer.n_tokens == 0) answer.first = answer.end;
}

void take_in(Answer& answer, const engine::Event& event, text::AnswerDelta& delta) {
  answer.n_cached = event.n_cached > 0 ? event.n_cached : answer.n_cached;
  if (answer.n_tokens == 0 && !event.tokens.empty()) {
    answer.first = Answer::Clock::now();
    answer.n_first_steps = answer.engine->counts.steps - answer.n_steps;
  }
  answer.n_tokens += static_cast<std::int32_t>(event.tokens.size());
  answer.logprobs.insert(answer.logprobs.end(), event.logprobs.begin(), event.logprobs.end());
  std::size_t n = event.tokens.size();
  if (n > 0 && event.ended == sched::Reason::stopped) --n;  // a stop token is no text
  for (std::size_t i = 0; i < n; ++i) {
    append(delta, push(answer.stream, static_cast<text::Id>(event.tokens[i])));
  }
  if (text::stopped(answer.stream)) {
    engine::cancel(*answer.engine, answer.request);
    end(answer, "stop", delta);
  } else if (event.ended) {
    end(answer, name_of(*event.ended), delta);
  }
}

double seconds(Answer::Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

double rate(std::int64_t n, double time) {
  return time > 0 && n > 0 ? static_cast<double>(n) / time : 0;
}

/// Those of the model and of the flags.
Expected<std::vector<std::int32_t>> stop_tokens_of(const Loaded& loaded, const AnswerArgs& args) {
  std::vector<std::int32_t> tokens = loaded.ends;
  const std::size_t n_vocab = text::n_tokens(loaded.tokenizer);
  for (const std::int32_t token : args.stop_tokens) {
    if (static_cast<std::size_t>(token) >= n_vocab) {
      return fail(Fault::bad_request, "--stop-token-ids: wanted ids below " +
                                          std::to_string(n_vocab) + ", found " +
                                          std::to_string(token));
    }
    tokens.push_back(token);
  }
  return tokens;
}

}  // namespace

Expected<Answer> begin_answer(engine::Engine& engine, const Loaded& loaded, AnswerRequest request) {
  const text::Tokenizer& tok = loaded.tokenizer;
  Answer answer{.engine = &engine,
                .stream = {},
                .n_prompt = request.prompt.size(),
                .n_steps = engine.counts.steps,
                .seed = request.sample.seed,
                .start = Answer::Clock::now(),
                .first = {},
                .end = {}};
  const auto marks = text::think_marks(tok);
  const bool begun = marks && text::ends_in_thought(tok, *marks, request.prompt);
  think::Budget budget = request.args.budget;
  if (thinks(request.args) == false) budget.n_tokens = 0;  // whatever the template does
  MR_TRY(request.sample.thought, think::limit(tok, marks, budget, begun));
  if (request.sample.grammar.matcher != nullptr) {
    request.sample.grammar =
        api::grammar_rule(request.sample.grammar.matcher, marks, begun, request.prompt);
  }
  answer.stream = text::make_answer_stream(
      tok, {.stop = request.args.stop,
            .include_stop = request.args.include_stop,
            .min_tokens = request.sample.min_tokens,
            .marks = marks,
            .begins_in_thought = begun,
            .shows_thought = request.args.reasoning == api::ReasoningFormat::none});
  MR_TRY(auto stop_tokens, stop_tokens_of(loaded, request.args));
  const std::int32_t no_limit = std::numeric_limits<std::int32_t>::max();
  MR_TRY(answer.request,
         engine::submit(engine, {.prompt = std::move(request.prompt),
                                 .n_new = request.n_new > 0 ? request.n_new : no_limit,
                                 .sample = std::move(request.sample),
                                 .stop_tokens = std::move(stop_tokens)}));
  return answer;
}

Expected<text::AnswerDelta> advance(Answer& answer) {
  text::AnswerDelta delta;
  MR_TRY(const auto events, engine::step(*answer.engine, 0));
  for (const engine::Event& event : events) {
    if (event.request == answer.request && answer.finish == nullptr) take_in(answer, event, delta);
  }
  return delta;
}

text::AnswerDelta cancel(Answer& answer) {
  text::AnswerDelta delta;
  engine::cancel(*answer.engine, answer.request);
  end(answer, "cancelled", delta);
  return delta;
}

double prompt_seconds(const Answer& answer) {
  return seconds(answer.first - answer.start);
}

double generate_seconds(const Answer& answer) {
  return seconds(answer.end - answer.first);
}

double prompt_rate(const Answer& answer) {
  const auto n_prompt = static_cast<std::int64_t>(answer.n_prompt);
  return rate(n_prompt - answer.n_cached, prompt_seconds(answer));
}

double tokens_a_step(const Answer& answer) {
  return rate(answer.n_tokens - 1, static_cast<double>(answer.n_steps - answer.n_first_steps));
}

double generate_rate(const Answer& answer) {
  return rate(answer.n_tokens - 1, generate_seconds(answer));
}

}  // namespace mr::app
