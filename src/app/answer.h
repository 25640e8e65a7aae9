#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "app/answer_flags.h"
#include "app/loaded.h"
#include "base/error.h"
#include "engine/engine.h"
#include "text/answer_stream.h"

/// One answer of an engine that answers nothing else, as text.
namespace mr::app {

/// An answer under way, and what it has come to.
struct Answer {
  using Clock = std::chrono::steady_clock;

  engine::Engine* engine = nullptr;
  sched::RequestId request = 0;
  text::AnswerStream stream;
  const char* finish = nullptr;  ///< why it ended; none: it has not
  std::size_t n_prompt = 0;
  std::int32_t n_cached = 0;  ///< prompt tokens that were in the cache
  std::int32_t n_tokens = 0;  ///< the stop token too
  std::int64_t n_steps = 0;   ///< passes over the weights; until it ends, the engine's before it
  std::int64_t n_first_steps = 0;  ///< until the first token
  std::uint64_t seed = 0;
  std::vector<sample::Logprobs> logprobs = {};  ///< of each token, where they were asked for
  Clock::time_point start;
  Clock::time_point first;  ///< when the first token came
  Clock::time_point end;
};

struct AnswerRequest {
  std::vector<std::int32_t> prompt;
  std::int32_t n_new;     ///< tokens at most; below 1: until the model or the context ends
  sample::Params sample;  ///< of its grammar the matcher, which outlives the answer
  const AnswerArgs& args;
};

/// Queues it. `engine` and `loaded` outlive the answer. Errors: as of engine::submit, think::limit;
/// bad_request for stop tokens outside the vocabulary.
Expected<Answer> begin_answer(engine::Engine& engine, const Loaded& loaded, AnswerRequest request);

/// One step of the engine, and the text that came of it. Errors: as of engine::step.
Expected<text::AnswerDelta> advance(Answer& answer);

/// Ends it where it stands; the text that was held back.
text::AnswerDelta cancel(Answer& answer);

double prompt_seconds(const Answer& answer);    ///< until the first token
double generate_seconds(const Answer& answer);  ///< after it
double prompt_rate(const Answer& answer);       ///< tokens a second that were not in the cache
double generate_rate(const Answer& answer);
double tokens_a_step(const Answer& answer);  ///< of those after the first

}  // namespace mr::app
