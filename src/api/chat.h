#pragma once
#include "api/chat_messages.h"
#include "api/generation.h"

/// POST /v1/chat/completions. Source: OpenAI's reference, vLLM's further fields.
namespace mr::api {

Checked<Ask> parse_chat(const boost::json::object& body, const Served& served,
                        const Asking& asking);

boost::json::object whole(const ChatForm& form, Generation& generation);

/// The bytes of a piece in a stream, and of the end of the stream.
std::string event(ChatForm& form, const Generation& generation, const Piece& piece);
std::string last(const ChatForm& form, const Generation& generation);

}  // namespace mr::api
