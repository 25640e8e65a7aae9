#pragma once
#include "api/chat_messages.h"
#include "api/generation.h"
#include "api/response_store.h"

/// POST /v1/responses. Source: OpenAI's reference.
namespace mr::api {

Checked<Ask> parse_responses(const boost::json::object& body, const Served& served,
                             ResponseStore& earlier, const Asking& asking);

boost::json::object whole(ResponsesForm& form, Generation& generation);

/// Keeps an answer that is complete, where its request does not forbid it.
void keep_response(ResponseStore& store, const Generation& generation);

std::string event(ResponsesForm& form, const Generation& generation, const Piece& piece);
std::string last(ResponsesForm& form, const Generation& generation);
std::string responses_error(const Problem& problem);

}  // namespace mr::api
