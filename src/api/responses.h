#pragma once
#include "api/chat_messages.h"
#include "api/generation.h"

/// POST /v1/responses, without memory of earlier ones. Source: OpenAI's reference.
namespace mr::api {

Checked<Ask> parse_responses(const boost::json::object& body, const Served& served,
                             const Asking& asking);

boost::json::object whole(const ResponsesForm& form, Generation& generation);

std::string event(ResponsesForm& form, const Generation& generation, const Piece& piece);
std::string last(ResponsesForm& form, const Generation& generation);
std::string responses_error(const Problem& problem);

}  // namespace mr::api
