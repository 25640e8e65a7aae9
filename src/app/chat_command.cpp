#include "app/chat_command.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "app/chat_session.h"
#include "app/chat_signals.h"
#include "app/exit.h"
#include "app/line_input.h"
#include "app/words.h"

namespace mr::app {
namespace {

constexpr const char* kPrompt = ">>> ";
constexpr const char* kMore = "... ";
constexpr std::string_view kQuotes = "\"\"\"";

/// Where lines are kept: in the user's state folder, or nowhere.
std::string history_file() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::string(state) + "/millrace/history";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return "";
  return std::string(home) + "/.local/state/millrace/history";
}

/// Reads a line and, where it says so, those that belong to it: after a backslash at its end, or up
/// to the closing quotes.
Typed read_message(LineInput& input, bool keep, std::string& message) {
  std::string line;
  bool quoted = false;
  message.clear();
  for (const char* prompt = kPrompt;; prompt = kMore) {
    const Typed typed = read_line(input, prompt, line);
    if (typed == Typed::interrupt || (typed == Typed::end && message.empty() && !quoted)) {
      return typed;
    }
    if (typed == Typed::end) return Typed::line;
    if (keep) remember(input, line);
    if (prompt == kPrompt && line.starts_with(kQuotes)) {
      quoted = true;
      line.erase(0, kQuotes.size());
    }
    if (quoted && line.ends_with(kQuotes)) {
      message += line.substr(0, line.size() - kQuotes.size());
      return Typed::line;
    }
    const bool goes_on = !quoted && line.ends_with('\\');
    if (goes_on) line.pop_back();
    message += line;
    if (!quoted && !goes_on) return Typed::line;
    message += '\n';
  }
}

/// Does one message; false to leave.
Expected<bool> take_in(ChatSession& session, const std::string& message) {
  if (trimmed(message).empty()) return true;
  if (is_command(message)) {
    MR_TRY(const After after, run_command(session, message));
    return after == After::go_on;
  }
  MR_TRY_VOID(ask(session, message));
  return true;
}

int converse(ChatSession& session, LineInput& input) {
  const bool terminal = input.editor != nullptr;
  int code = kOk;
  bool warned = false;  // of a Ctrl-C that the next one leaves
  for (std::string message;;) {
    const Typed typed = read_message(input, session.settings.history, message);
    if (asked_to_end()) return kInterrupted;
    if (typed == Typed::end) {
      if (terminal) std::fputs("\n", stderr);
      return code;
    }
    if (typed == Typed::interrupt) {
      if (terminal) std::fputs("\n", stderr);
      if (!terminal || warned) return kInterrupted;
      std::fputs("(Ctrl-C again, Ctrl-D or /bye to leave)\n", stderr);
      warned = true;
      continue;
    }
    warned = false;
    session.interrupted = false;
    const Expected<bool> goes_on = take_in(session, message);
    if (asked_to_end() || (session.interrupted && !terminal)) return kInterrupted;
    if (!goes_on) {
      const int failed = report(goes_on.error());
      if (session.screen.failed) return failed;
      if (!terminal) code = failed;
    } else if (!*goes_on) {
      return code;
    }
  }
}

}  // namespace

int run_chat(const ChatArgs& args) {
  const auto session = make_session(args);
  if (!session) return report(session.error());
  catch_chat_signals();
  const auto input = make_line_input(history_file());
  if (input->editor) {
    std::fprintf(stderr, "%s, context of %d tokens. /help lists the commands, /bye leaves.\n",
                 (*session)->loaded.path.c_str(), (*session)->engine.options.n_context);
  }
  return converse(**session, *input);
}

}  // namespace mr::app
