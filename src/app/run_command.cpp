#include "app/run_command.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <limits>
#include <vector>

#include "app/context_size.h"
#include "app/exit.h"
#include "app/interrupt.h"
#include "engine/engine.h"
#include "text/chat_template.h"
#include "text/end_tokens.h"
#include "text/stream_decoder.h"
#include "text/valid_utf8.h"

namespace mr::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kBuiltInPrompt = "Tell me a short story.";
constexpr std::size_t kMaxPromptBytes = 64U << 20;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What one answer came to.
struct Answer {
  std::string text;  ///< kept for --json
  std::size_t n_prompt = 0;
  std::size_t n_tokens = 0;
  std::int64_t n_steps = 0;
  double load_s = 0;
  double prompt_s = 0;    ///< until the first token
  double generate_s = 0;  ///< after it
  const char* finish = "length";
  std::uint64_t seed = 0;
};

/// The prompt: the argument, else what is piped in, else the built-in one.
Expected<std::string> read_prompt(const RunArgs& args) {
  if (args.prompt) return *args.prompt;
  if (isatty(STDIN_FILENO) != 0) return std::string(kBuiltInPrompt);
  std::string prompt;
  char block[1 << 16];
  std::size_t n;
  while ((n = std::fread(block, 1, sizeof block, stdin)) > 0) {
    prompt.append(block, n);
    if (prompt.size() > kMaxPromptBytes) {
      return fail(Fault::does_not_fit, "standard input: wanted a prompt of at most " +
                                           std::to_string(kMaxPromptBytes) + " bytes");
    }
  }
  while (!prompt.empty() && prompt.back() == '\n') prompt.pop_back();
  return prompt.empty() ? std::string(kBuiltInPrompt) : prompt;
}

/// The prompt as the only message of a chat; nothing in it becomes a special token.
Expected<std::vector<text::Id>> encode_chat(const Loaded& loaded, const std::string& prompt) {
  MR_TRY(const auto chat, text::load_chat_template(loaded.path));
  const boost::json::value messages = {{{"role", "user"}, {"content", text::valid_utf8(prompt)}}};
  MR_TRY(const auto rendered, text::render_chat(chat, {.messages = &messages}));
  std::vector<text::Segment> segments;
  for (const auto& part : rendered.segments) {
    segments.push_back(
        {std::string_view(rendered.text).substr(part.begin, part.end - part.begin), part.trusted});
  }
  return text::encode_marked(loaded.tokenizer, segments, false);
}

Expected<std::vector<std::int32_t>> encode_prompt(const Loaded& loaded, const RunArgs& args) {
  MR_TRY(const std::string prompt, read_prompt(args));
  const bool chat = loaded.has_chat_template && !args.raw;
  MR_TRY(const auto ids, chat ? encode_chat(loaded, prompt)
                              : text::encode(loaded.tokenizer, prompt, {.add_special = true}));
  return std::vector<std::int32_t>(ids.begin(), ids.end());
}

Expected<engine::Engine> start_engine(const Loaded& loaded, const RunArgs& args) {
  engine::Options options{
      .n_context = args.n_context, .kv_type = args.kv_type, .deterministic = args.deterministic};
  MR_TRY(options.n_context, context_size(loaded.model, options));
  return engine::make_engine(loaded.model, options);
}

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

/// Runs the request to its end, or to Ctrl-C, and gives out its text as it comes.
Expected<void> generate(engine::Engine& engine, const Loaded& loaded, const RunArgs& args,
                        Answer& answer) {
  const auto start = Clock::now();
  auto first_token = start;
  text::StreamDecoder stream{&loaded.tokenizer};
  const auto put = [&](const std::string& bytes) {
    const std::string text = text::valid_utf8(bytes);
    if (args.json) {
      answer.text += text;
    } else {
      std::fwrite(text.data(), 1, text.size(), stdout);
      std::fflush(stdout);
    }
  };
  while (engine::busy(engine)) {
    if (interrupted()) {
      answer.finish = "cancelled";
      break;
    }
    MR_TRY(const auto events, engine::step(engine, 0));
    for (const engine::Event& event : events) {
      for (const std::int32_t token : event.tokens) {
        if (answer.n_tokens++ == 0) first_token = Clock::now();
        const auto id = static_cast<text::Id>(token);
        if (!text::is_control(loaded.tokenizer, id)) put(text::push(stream, id));
      }
      if (event.ended) answer.finish = name_of(*event.ended);
    }
  }
  put(text::finish(stream));
  answer.n_steps = engine.counts.steps;
  answer.prompt_s = std::chrono::duration<double>(first_token - start).count();
  answer.generate_s = seconds_since(first_token);
  return {};
}

double per_second(std::size_t n, double seconds) {
  return seconds > 0 ? static_cast<double>(n) / seconds : 0;
}

void print_figures(const Answer& a) {
  std::fprintf(stderr,
               "millrace: loaded in %.2f s; prompt %zu tokens in %.2f s (%.1f tok/s); "
               "answer %zu tokens in %.2f s (%.1f tok/s); %s; seed %llu\n",
               a.load_s, a.n_prompt, a.prompt_s, per_second(a.n_prompt, a.prompt_s), a.n_tokens,
               a.generate_s, per_second(a.n_tokens > 0 ? a.n_tokens - 1 : 0, a.generate_s),
               a.finish, static_cast<unsigned long long>(a.seed));
}

void print_json(const Answer& a, const Loaded& loaded) {
  const boost::json::object object{
      {"text", a.text},
      {"tokens", a.n_tokens},
      {"prompt_tokens", a.n_prompt},
      {"finish_reason", a.finish},
      {"seed", a.seed},
      {"model", loaded.model.config.name},
      {"steps", a.n_steps},
      {"load_s", a.load_s},
      {"prompt_s", a.prompt_s},
      {"generate_s", a.generate_s},
      {"prompt_tok_s", per_second(a.n_prompt, a.prompt_s)},
      {"tok_s", per_second(a.n_tokens > 0 ? a.n_tokens - 1 : 0, a.generate_s)},
  };
  std::printf("%s\n", boost::json::serialize(object).c_str());
}

Expected<Answer> answer(const RunArgs& args) {
  Answer answer;
  const auto start = Clock::now();
  MR_TRY(sample::Params params, parse(args.sample));  // flags that are wrong are said at once
  MR_TRY(const Loaded loaded, load(args.load));
  MR_TRY(auto prompt, encode_prompt(loaded, args));
  MR_TRY(params, with_texts(std::move(params), args.sample, loaded.tokenizer));
  MR_TRY(engine::Engine engine, start_engine(loaded, args));
  answer.load_s = seconds_since(start);
  answer.n_prompt = prompt.size();
  answer.seed = params.seed;
  const std::int32_t no_limit = std::numeric_limits<std::int32_t>::max();
  MR_TRY_VOID(engine::submit(engine, {.prompt = std::move(prompt),
                                      .n_new = args.n_new > 0 ? args.n_new : no_limit,
                                      .sample = std::move(params),
                                      .stop_tokens = text::end_tokens(loaded.tokenizer)}));
  MR_TRY_VOID(generate(engine, loaded, args, answer));
  if (args.json) {
    print_json(answer, loaded);
  } else if (isatty(STDOUT_FILENO) != 0) {
    std::printf("\n");
  }
  print_figures(answer);
  return answer;
}

}  // namespace

int run_run(const RunArgs& args) {
  catch_interrupts();
  const Expected<Answer> result = answer(args);
  if (!result) return report(result.error());
  if (interrupted()) return kInterrupted;
  return std::string_view(result->finish) == "failed" ? kFailed : kOk;
}

}  // namespace mr::app
