#include "api/generation.h"

#include <algorithm>
#include <cmath>

namespace mr::api {
namespace {

Finish finish_of(sched::Reason reason) {
  switch (reason) {
    case sched::Reason::stopped:
      return Finish::stop;
    case sched::Reason::length:
    case sched::Reason::no_memory:
      return Finish::length;
    case sched::Reason::deadline:
    case sched::Reason::failed:
      break;
  }
  return Finish::failed;
}

void append(Piece& piece, text::AnswerDelta delta) {
  piece.reasoning += delta.reasoning;
  piece.text += delta.text;
}

/// What a choice begins with: the prompt, where it is echoed.
void begin(Generation& generation, std::size_t prompt, Choice& choice, Piece& piece) {
  if (std::exchange(choice.begun, true) || generation.ask.echo.empty()) return;
  piece.text = generation.ask.echo[prompt];
  piece.tokens = generation.prompt_tokens[prompt];
}

/// The tokens of an event; the one that ends the answer is counted but no text.
void add_tokens(Generation& generation, Choice& choice, engine::Event& event, Piece& piece) {
  const std::vector<std::int32_t>& own = generation.ask.prompts.front().stop_tokens;
  for (std::size_t i = 0; i < event.tokens.size() && !stopped(choice.stream); ++i) {
    const std::int32_t token = event.tokens[i];
    ++choice.n_tokens;
    if (i < event.logprobs.size()) choice.sum_logprobs += event.logprobs[i].drawn.logprob;
    const bool last = i + 1 == event.tokens.size();
    const bool stop =
        last && event.ended == sched::Reason::stopped && std::ranges::find(own, token) != own.end();
    if (stop) piece.stop_token = token;
    if (stop && !generation.ask.reading.include_stop) continue;
    append(piece, push(choice.stream, static_cast<text::Id>(token)));
    ShownToken shown{.id = token};
    if (i < event.logprobs.size()) shown.logprobs = std::move(event.logprobs[i]);
    piece.tokens.push_back(std::move(shown));
  }
}

/// Takes the calls of tools out of the text.
void split_calls(const Ask& ask, Choice& choice, Piece& piece) {
  if (!ask.tool_calls) return;
  ToolDelta delta = push(choice.tools, piece.text);
  if (piece.finish) {
    ToolDelta rest = finish(choice.tools);
    delta.text += rest.text;
    delta.reasoning += rest.reasoning;
    delta.calls.insert(delta.calls.end(), rest.calls.begin(), rest.calls.end());
  }
  piece.text = std::move(delta.text);
  piece.reasoning += delta.reasoning;
  piece.calls = std::move(delta.calls);
  if (!ask.parallel_calls && choice.tools.n_calls > 0 && !piece.finish) piece.finish = Finish::stop;
  if (piece.finish == Finish::stop && choice.tools.n_calls > 0) piece.finish = Finish::tool_calls;
}

void keep(Choice& choice, const Piece& piece) {
  Piece& whole = choice.whole;
  whole.reasoning += piece.reasoning;
  whole.text += piece.text;
  whole.calls.insert(whole.calls.end(), piece.calls.begin(), piece.calls.end());
  whole.tokens.insert(whole.tokens.end(), piece.tokens.begin(), piece.tokens.end());
  whole.finish = piece.finish;
  whole.stop_string = piece.stop_string;
  whole.stop_token = piece.stop_token;
}

}  // namespace

std::string_view name_of(Finish finish) {
  switch (finish) {
    case Finish::stop:
      return "stop";
    case Finish::length:
      return "length";
    case Finish::tool_calls:
      return "tool_calls";
    case Finish::failed:
      break;
  }
  return "error";
}

Generation make_generation(Ask ask, const text::Tokenizer& tokenizer) {
  Generation generation{.ask = std::move(ask), .tokenizer = &tokenizer};
  const Ask& own = generation.ask;
  const auto best_of = static_cast<std::size_t>(own.best_of);
  for (std::size_t i = 0; i < own.prompts.size() * best_of; ++i) {
    generation.choices.push_back({.stream = text::make_answer_stream(tokenizer, own.reading),
                                  .tools = {.format = own.tool_format}});
  }
  generation.n_open = static_cast<std::int32_t>(generation.choices.size());
  generation.n_cached.resize(own.prompts.size());
  generation.miss.resize(own.prompts.size());
  generation.hidden.resize(own.prompts.size());
  generation.prompt_tokens.resize(own.prompts.size());
  for (std::size_t p = 0; !own.echo.empty() && p < own.prompts.size(); ++p) {
    generation.prompt_tokens[p].push_back({.id = own.prompts[p].prompt.front()});
  }
  return generation;
}

std::optional<Piece> take_in(Generation& generation, std::int32_t prompt, engine::Event&& event) {
  const auto p = static_cast<std::size_t>(prompt);
  for (sample::Logprobs& one : event.prompt_logprobs) {
    const std::int32_t token = one.drawn.token;
    generation.prompt_tokens[p].push_back({.id = token, .logprobs = std::move(one)});
  }
  if (!event.hidden.empty()) {
    generation.hidden[p] = std::move(event.hidden);
    const auto finite = [](float x) { return std::isfinite(x); };
    if (!std::ranges::all_of(generation.hidden[p], finite)) event.ended = sched::Reason::failed;
  }
  const std::int32_t at = prompt * generation.ask.best_of + event.choice;
  Choice& choice = generation.choices[static_cast<std::size_t>(at)];
  if ((event.tokens.empty() && !event.ended) || choice.whole.finish) return {};
  if (event.choice == 0 && !event.tokens.empty()) {
    generation.n_cached[p] = event.n_cached;
    generation.miss[p] = event.miss;
  }
  Piece piece{.index = prompt * generation.ask.n + event.choice};
  begin(generation, p, choice, piece);
  add_tokens(generation, choice, event, piece);
  if (stopped(choice.stream)) {
    piece.finish = Finish::stop;
    piece.stop_string = generation.ask.reading.stop[*choice.stream.stops.found];
  } else if (event.ended) {
    append(piece, finish(choice.stream));
    piece.finish = finish_of(*event.ended);
    if (stopped(choice.stream)) piece.finish = Finish::stop;
  }
  split_calls(generation.ask, choice, piece);
  if (piece.finish) --generation.n_open;
  if (generation.ask.stream) {
    choice.whole.finish = piece.finish;
  } else {
    keep(choice, piece);
  }
  return piece;
}

Usage usage_of(const Generation& generation) {
  Usage usage;
  for (const engine::Submit& prompt : generation.ask.prompts) {
    usage.n_prompt += static_cast<std::int32_t>(prompt.prompt.size());
  }
  for (const std::int32_t n : generation.n_cached) usage.n_cached += n;
  for (const Choice& choice : generation.choices) {
    usage.n_completion += choice.n_tokens;
    usage.n_reasoning += choice.stream.n_reasoning;
  }
  return usage;
}

std::vector<Piece> whole_choices(Generation& generation) {
  const auto best_of = static_cast<std::size_t>(generation.ask.best_of);
  const auto n = static_cast<std::size_t>(generation.ask.n);
  const auto mean = [](const Choice& choice) {
    return choice.n_tokens > 0 ? choice.sum_logprobs / choice.n_tokens : 0;
  };
  std::vector<Piece> out;
  for (std::size_t p = 0; p < generation.ask.prompts.size(); ++p) {
    const auto begin = generation.choices.begin() + static_cast<std::ptrdiff_t>(p * best_of);
    const auto end = begin + static_cast<std::ptrdiff_t>(best_of);
    if (best_of > n) {
      std::stable_sort(begin, end,
                       [&](const Choice& a, const Choice& b) { return mean(a) > mean(b); });
    }
    for (std::size_t i = 0; i < n; ++i) {
      Piece piece = std::move((begin + static_cast<std::ptrdiff_t>(i))->whole);
      piece.index = static_cast<std::int32_t>(p * n + i);
      out.push_back(std::move(piece));
    }
  }
  return out;
}

}  // namespace mr::api
