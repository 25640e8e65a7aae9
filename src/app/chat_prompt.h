#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace mr::app {

/// How messages become a prompt.
struct ChatForm {
  text::ChatTemplate chat;
  boost::json::object extra;  ///< more variables of the template
};

/// The tokens of messages and of the beginning of the answer; no text of a message becomes a
/// special token. `thinks`: what templates call enable_thinking, or thinking.
/// Errors: as of text::render_chat and text::encode_marked.
Expected<std::vector<std::int32_t>> chat_prompt(const ChatForm& form, const text::Tokenizer& tok,
                                                const boost::json::value& messages,
                                                std::optional<bool> thinks);

}  // namespace mr::app
