#include "app/run_command.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "app/answer.h"
#include "app/conversation.h"
#include "app/exit.h"
#include "app/interrupt.h"
#include "app/progress.h"
#include "app/screen.h"
#include "base/log.h"
#include "sys/text_file.h"
#include "text/chat_template.h"
#include "text/valid_utf8.h"

namespace mr::app {
namespace {

constexpr const char* kBuiltInPrompt = "Tell me a short story.";
constexpr std::size_t kMaxPromptBytes = 64U << 20;
constexpr int kLookMs = 100;
constexpr int kSilenceMs = 2000;

/// Waits until standard input has something or ends, and says so where that takes long. It looks up
/// now and then: a Ctrl-C may come just before it waits.
Expected<void> await_input(bool& told) {
  pollfd wait{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  for (int silent_ms = 0;; silent_ms += kLookMs) {
    const int n_ready = poll(&wait, 1, kLookMs);
    if (n_ready > 0) return {};
    if (interrupted()) return fail(Fault::cancelled, "interrupted");
    if (n_ready < 0 && errno != EINTR) {
      return fail(Fault::failed, std::string("standard input: ") + std::strerror(errno));
    }
    if (told || silent_ms < kSilenceMs) continue;
    log::say(log::Level::warning, "waiting for standard input to end (with none: </dev/null)");
    told = true;
  }
}

/// All that comes on standard input, without the line ends behind it. A Ctrl-C ends the wait.
Expected<std::string> read_input() {
  std::string text;
  char block[1 << 16];
  bool told = false;
  for (;;) {
    MR_TRY_VOID(await_input(told));
    const ssize_t n = read(STDIN_FILENO, block, sizeof block);
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return fail(Fault::failed, std::string("standard input: ") + std::strerror(errno));
    }
    text.append(block, static_cast<std::size_t>(n));
    if (text.size() > kMaxPromptBytes) {
      return fail(Fault::does_not_fit, "standard input: wanted a prompt of at most " +
                                           std::to_string(kMaxPromptBytes) + " bytes");
    }
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// Whether something is piped in. What kind of file it is decides, not when the first byte comes:
/// a download or a compiler may say nothing for a minute. Whoever leaves a silent pipe open has to
/// close it, and is told after a while.
bool has_piped_input() {
  struct stat input = {};
  if (fstat(STDIN_FILENO, &input) != 0) return false;
  return S_ISFIFO(input.st_mode) || S_ISREG(input.st_mode) || S_ISSOCK(input.st_mode);
}

/// The prompt: the argument behind what is piped in, else the file, else what is piped in, else the
/// built-in one.
Expected<std::string> read_prompt(const RunArgs& args) {
  if (args.prompt) {
    std::string prompt = unescaped(args.form, *args.prompt);
    if (!has_piped_input()) return prompt;
    MR_TRY(const std::string context, read_input());
    return context.empty() ? prompt : context + "\n\n" + prompt;
  }
  if (!args.prompt_file.empty()) return sys::read_text(args.prompt_file, kMaxPromptBytes);
  if (isatty(STDIN_FILENO) != 0) return std::string(kBuiltInPrompt);
  MR_TRY(std::string prompt, read_input());
  return prompt.empty() ? std::string(kBuiltInPrompt) : prompt;
}

Expected<std::vector<std::int32_t>> encode_prompt(const Loaded& loaded, const RunArgs& args) {
  MR_TRY(const std::string prompt, read_prompt(args));
  const PromptArgs& form = args.form;
  const bool given = !form.template_text.empty() || !form.template_file.empty();
  if (args.raw || (!loaded.has_chat_template && !given)) {
    if (!form.system.empty()) {
      return fail(Fault::bad_request, "--system: wanted a chat template, found " +
                                          std::string(args.raw ? "--raw" : "none in the model"));
    }
    MR_TRY(const auto ids, text::encode(loaded.tokenizer, prompt, {.add_special = true}));
    return std::vector<std::int32_t>(ids.begin(), ids.end());
  }
  MR_TRY(const ChatForm chat, chat_form(form, loaded.path));
  const Conversation conversation{
      .system = text::valid_utf8(unescaped(form, form.system)),
      .messages = {{.role = "user", .content = text::valid_utf8(prompt), .reasoning = {}}}};
  auto ids = chat_prompt(chat, loaded.tokenizer, to_json(conversation), thinks(args.answer));
  // A message of a user is what every template must take; a system's text it may refuse.
  if (!ids && form.system.empty() && !given && ids.error().fault == Fault::bad_request) {
    ids.error().fault = Fault::bad_model;
  }
  return ids;
}

/// Gives out text as it comes: the thought on stderr, the answer on stdout.
void put(const text::AnswerDelta& delta, Screen& screen) {
  show_thought(screen, delta.reasoning);
  show_answer(screen, delta.text);
}

/// The text of an answer, kept for --json.
struct Said {
  std::string reasoning;
  std::string text;
};

/// Runs the answer to its end, or to Ctrl-C.
Expected<Said> generate(Answer& answer, const RunArgs& args) {
  Said said;
  Screen screen = make_screen();
  Progress progress = make_progress("prompt");
  const auto n_prompt = static_cast<std::int64_t>(answer.n_prompt);
  while (answer.finish == nullptr) {
    text::AnswerDelta delta;
    if (interrupted()) {
      delta = cancel(answer);
    } else {
      MR_TRY(delta, advance(answer));
    }
    if (answer.n_tokens == 0) {
      show(progress, std::min(answer.engine->counts.rows, n_prompt), n_prompt, "");
    } else {
      clear(progress);
    }
    if (!args.json) put(delta, screen);
    if (args.verbose) {
      std::fprintf(stderr, "%s\n", decision_text(answer.engine->decision).c_str());
    }
    if (screen.failed) return fail(Fault::failed, "standard output cannot be written");
    said.reasoning += delta.reasoning;
    said.text += delta.text;
  }
  end_answer(screen);
  return said;
}

std::string accepted_text(const Answer& a) {
  const std::string text = speculation_text(a.engine->portfolio, {});
  return text.empty() ? "" : " (accepted of computed: " + text + ")";
}

void print_figures(const Answer& a, double load_s) {
  log::say(log::Level::info,
           "loaded in %.2f s; prompt %zu tokens in %.2f s (%.1f tok/s); "
           "answer %d tokens in %.2f s (%.1f tok/s), %.2f tokens a step%s%s; %s; seed %llu",
           load_s, a.n_prompt, prompt_seconds(a), prompt_rate(a), a.n_tokens, generate_seconds(a),
           generate_rate(a), tokens_a_step(a), accepted_text(a).c_str(),
           lossy_text(a.engine->options.spec), a.finish, static_cast<unsigned long long>(a.seed));
}

double finite(float logprob) {
  return std::max(static_cast<double>(logprob), -9999.0);  // as vLLM writes what JSON cannot
}

boost::json::object logprob_json(const text::Tokenizer& tok, const sample::Logprob& logprob) {
  const std::string bytes = text::piece_bytes(tok, static_cast<text::Id>(logprob.token), false);
  boost::json::array numbers;
  for (const char byte : bytes) numbers.push_back(static_cast<unsigned char>(byte));
  return {{"token", text::valid_utf8(bytes)},
          {"id", logprob.token},
          {"logprob", finite(logprob.logprob)},
          {"bytes", std::move(numbers)}};
}

/// As the content of OpenAI's logprobs, with the ids.
boost::json::array logprobs_json(const text::Tokenizer& tok, const Answer& answer) {
  boost::json::array all;
  for (const sample::Logprobs& one : answer.logprobs) {
    boost::json::array top;
    for (const sample::Logprob& other : one.top) top.push_back(logprob_json(tok, other));
    all.push_back(logprob_json(tok, one.drawn));
    all.back().as_object()["top_logprobs"] = std::move(top);
  }
  return all;
}

boost::json::array proposers_json(const spec::Portfolio& portfolio) {
  boost::json::array all;
  for (std::size_t i = 0; i < portfolio.proposers.size(); ++i) {
    const spec::Tally& tally = portfolio.tally[i];
    all.push_back({{"method", portfolio.proposers[i].method->name},
                   {"drafts", tally.n_drafts},
                   {"draft_tokens", tally.n_computed},
                   {"accepted_tokens", tally.n_accepted},
                   {"seconds", 1e-6 * tally.us}});
  }
  return all;
}

void print_json(const Answer& a, const Said& said, const RunArgs& args, const Loaded& loaded,
                double load_s) {
  const bool deepseek = args.answer.reasoning == api::ReasoningFormat::deepseek;
  const char* reasoning_key = deepseek ? "reasoning_content" : "reasoning";
  boost::json::object object{
      {"text", said.text},
      {reasoning_key, said.reasoning},
      {"tokens", a.n_tokens},
      {"reasoning_tokens", a.stream.n_reasoning},
      {"prompt_tokens", a.n_prompt},
      {"finish_reason", a.finish},
      {"seed", a.seed},
      {"model", loaded.model.config.name},
      {"steps", a.n_steps},
      {"speculation", proposers_json(a.engine->portfolio)},
      {"lossy", is_lossy(a.engine->options.spec)},
      {"load_s", load_s},
      {"prompt_s", prompt_seconds(a)},
      {"generate_s", generate_seconds(a)},
      {"prompt_tok_s", prompt_rate(a)},
      {"tok_s", generate_rate(a)},
  };
  if (!a.logprobs.empty()) object["logprobs"] = logprobs_json(loaded.tokenizer, a);
  std::printf("%s\n", boost::json::serialize(object).c_str());
}

Expected<const char*> answer(const RunArgs& args) {
  const auto start = Answer::Clock::now();
  MR_TRY_VOID(parse(args.sample));  // flags that are wrong are said at once
  MR_TRY(const api::Structure structure, structure_of(args.grammar));
  if (structure.kind != api::Structure::Kind::any && args.sample.ignore_eos) {
    return fail(Fault::bad_request, "--ignore-eos: not together with " + structure.where);
  }
  MR_TRY(const spec::Settings spec, speculation(args.spec));
  MR_TRY(const Loaded loaded, load(args.load, {.n_context = args.n_context,
                                               .n_step_rows = args.n_step_rows,
                                               .kv_type = args.kv_type,
                                               .deterministic = args.deterministic,
                                               .spec = spec}));
  MR_TRY(auto prompt, encode_prompt(loaded, args));
  MR_TRY(sample::Params params, sample_params(args.sample, loaded));
  params.n_logprobs = args.n_logprobs;
  MR_TRY(const auto matcher, make_answer_matcher(structure, loaded.tokenizer));
  params.grammar.matcher = matcher.get();
  MR_TRY(engine::Engine engine, engine::make_engine(loaded.model, loaded.options));
  MR_TRY(Answer answer, begin_answer(engine, loaded,
                                     {.prompt = std::move(prompt),
                                      .n_new = args.n_new,
                                      .sample = std::move(params),
                                      .args = args.answer}));
  const double load_s = std::chrono::duration<double>(answer.start - start).count();
  MR_TRY(const Said said, generate(answer, args));
  if (args.json) print_json(answer, said, args, loaded, load_s);
  print_figures(answer, load_s);
  return answer.finish;
}

}  // namespace

int run_run(const RunArgs& args) {
  catch_interrupts();
  const Expected<const char*> result = answer(args);
  if (!result) return report(result.error());
  if (interrupted()) return kInterrupted;
  return std::string_view(*result) == "failed" ? kFailed : kOk;
}

}  // namespace mr::app
