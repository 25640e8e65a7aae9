#pragma once
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mr::app {

struct Message {
  std::string role;  ///< "user" or "assistant"
  std::string content;
  std::string reasoning;  ///< what the assistant thought before
};

/// What was said so far.
struct Conversation {
  std::string system;  ///< empty: none
  std::vector<Message> messages;
};

/// The messages as templates and files have them: OpenAI's, with the system's first.
boost::json::value to_json(const Conversation& conversation);

/// Reads {"messages": [...]}. Errors: bad_request, saying what of which message is wrong.
Expected<Conversation> parse_conversation(std::string_view text);

/// Errors: failed.
Expected<void> save(const Conversation& conversation, const std::string& path);

/// Errors: failed for a file that cannot be read, bad_request for one that is no conversation.
Expected<Conversation> load_conversation(const std::string& path);

/// Takes back the last answer; false where the last message is none.
bool drop_answer(Conversation& conversation);

}  // namespace mr::app
