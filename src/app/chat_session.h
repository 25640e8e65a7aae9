#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "app/chat_command.h"
#include "app/chat_settings.h"
#include "app/conversation.h"
#include "app/screen.h"
#include "engine/engine.h"
#include "text/grammar/matcher.h"

namespace mr::app {

/// A conversation with a model. The engine lives as long as it does, so that each turn finds what
/// it shares with earlier ones in the cache.
struct ChatSession {
  Loaded loaded;
  ChatForm form;
  engine::Engine engine;
  ChatSettings settings;
  Conversation conversation;
  Screen screen;
  std::shared_ptr<text::grammar::Matcher> json;  ///< of any object, once it was asked for
  std::uint64_t n_again = 0;  ///< answers that were asked for anew: each is drawn with its own seed
  bool interrupted = false;   ///< the last answer was
};

/// Loads the model. Errors: as of load and make_engine; bad_model for one without a template.
Expected<std::unique_ptr<ChatSession>> make_session(const ChatArgs& args);

/// Shows the answer to what was said so far, and adds it, cut where it was interrupted.
/// Errors: does_not_fit for a conversation that is too long, failed where stdout is closed.
Expected<void> answer(ChatSession& session);

/// Says something and shows the answer; where there is none, it was not said.
Expected<void> ask(ChatSession& session, std::string text);

enum class After { go_on, leave };

/// Whether a line is a command: a slash and a word of letters, or of nothing.
bool is_command(std::string_view line);

/// Does what such a line says. Errors: bad_request for what it does not know.
Expected<After> run_command(ChatSession& session, std::string_view line);

}  // namespace mr::app
