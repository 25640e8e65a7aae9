#pragma once
#include "api/chat_messages.h"
#include "api/generation.h"

/// POST /v1/messages and /v1/messages/count_tokens. Source: Anthropic's reference.
namespace mr::api {

Checked<Ask> parse_messages(const boost::json::object& body, const Served& served,
                            const Asking& asking);

/// The tokens of the prompt that such a request means.
Checked<std::vector<std::int32_t>> count_messages(const boost::json::object& body,
                                                  const Served& served);

boost::json::object whole(const MessagesForm& form, Generation& generation);

std::string event(MessagesForm& form, const Generation& generation, const Piece& piece);
std::string last(MessagesForm& form, const Generation& generation);
std::string messages_error(const Problem& problem);
std::string messages_ping();

}  // namespace mr::api
