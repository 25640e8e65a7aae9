#include "app/chat_session.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "app/answer.h"
#include "app/chat_signals.h"
#include "app/grammar_flags.h"
#include "text/valid_utf8.h"

namespace mr::app {
namespace {

/// Shows the answer as it comes. Errors: as of advance; failed where stdout takes nothing more.
Expected<Message> show(ChatSession& session, Answer& answer) {
  Message message{.role = "assistant", .content = {}, .reasoning = {}};
  while (answer.finish == nullptr) {
    text::AnswerDelta delta;
    session.interrupted = take_interrupt() || asked_to_end();
    if (session.interrupted) {
      delta = cancel(answer);
    } else {
      MR_TRY(delta, advance(answer));
    }
    show_thought(session.screen, delta.reasoning);
    show_answer(session.screen, delta.text);
    message.reasoning += delta.reasoning;
    message.content += delta.text;
    if (session.screen.failed && answer.finish == nullptr) cancel(answer);
  }
  end_answer(session.screen);
  if (session.screen.failed) return fail(Fault::failed, "standard output cannot be written");
  return message;
}

void print_figures(const Answer& a, const Tallies& before) {
  const std::string text = speculation_text(a.engine->portfolio, before);
  std::fprintf(stderr,
               "(prompt %zu tokens, %d of them cached, %.2f s, %.1f tok/s; answer %d tokens, "
               "%.2f s, %.1f tok/s; %.2f tokens a step%s%s; seed %llu)\n",
               a.n_prompt, a.n_cached, prompt_seconds(a), prompt_rate(a), a.n_tokens,
               generate_seconds(a), generate_rate(a), tokens_a_step(a),
               text.empty() ? "" : (", accepted of computed: " + text).c_str(),
               lossy_text(a.engine->options.spec), static_cast<unsigned long long>(a.seed));
}

/// What holds an answer to a JSON object, where that is wanted.
Expected<text::grammar::Matcher*> matcher_of(ChatSession& session) {
  const ChatSettings& settings = session.settings;
  if (!settings.json) return nullptr;
  const auto& banned = settings.sample.banned_tokens;
  if (std::ranges::find_first_of(banned, session.loaded.ends) != banned.end()) {
    return fail(Fault::bad_request, "/set format json: not where an answer must not end");
  }
  if (!session.json) {
    MR_TRY(session.json,
           make_answer_matcher({.kind = api::Structure::Kind::object}, session.loaded.tokenizer));
  }
  return session.json.get();
}

}  // namespace

Expected<std::unique_ptr<ChatSession>> make_session(const ChatArgs& args) {
  auto session = std::make_unique<ChatSession>();
  MR_TRY_VOID(parse(args.sample));  // flags that are wrong are said at once
  MR_TRY(const spec::Settings spec, speculation(args.spec));
  MR_TRY(session->loaded, load(args.load, {.n_context = args.n_context,
                                           .n_step_rows = args.n_step_rows,
                                           .kv_type = args.kv_type,
                                           .deterministic = args.deterministic,
                                           .spec = spec}));
  const Loaded& loaded = session->loaded;
  MR_TRY(session->form, chat_form(args.form, loaded.path));
  MR_TRY(session->settings.sample, sample_params(args.sample, loaded));
  MR_TRY(session->engine, engine::make_engine(loaded.model, loaded.options));
  session->settings.answer = args.answer;
  session->settings.n_new = args.n_new;
  session->settings.verbose = args.verbose;
  session->conversation.system = text::valid_utf8(unescaped(args.form, args.form.system));
  session->screen = make_screen();
  session->screen.ends_lines = true;
  return session;
}

Expected<void> answer(ChatSession& session) {
  const ChatSettings& settings = session.settings;
  const auto messages = to_json(session.conversation);
  MR_TRY(auto prompt,
         chat_prompt(session.form, session.loaded.tokenizer, messages, thinks(settings.answer)));
  sample::Params params = settings.sample;
  params.seed += session.n_again;
  MR_TRY(params.grammar.matcher, matcher_of(session));
  session.screen.lines = {.width = static_cast<std::size_t>(settings.n_columns)};
  (void)take_interrupt();  // one that came before
  const Tallies before = session.engine.portfolio.tally;
  MR_TRY(Answer answer, begin_answer(session.engine, session.loaded,
                                     {.prompt = std::move(prompt),
                                      .n_new = settings.n_new,
                                      .sample = std::move(params),
                                      .args = settings.answer}));
  MR_TRY(Message message, show(session, answer));
  session.conversation.messages.push_back(std::move(message));
  const std::string_view finish = answer.finish;
  if (finish != "stop") {
    std::fprintf(stderr, "(%s)\n", finish == "cancelled" ? "interrupted" : answer.finish);
  }
  if (settings.verbose || is_lossy(session.engine.options.spec)) {
    print_figures(answer, before);
  }
  return {};
}

Expected<void> ask(ChatSession& session, std::string text) {
  auto& messages = session.conversation.messages;
  const std::size_t n = messages.size();
  messages.push_back({.role = "user", .content = text::valid_utf8(text), .reasoning = {}});
  auto done = answer(session);
  if (!done) messages.resize(n);
  return done;
}

}  // namespace mr::app
