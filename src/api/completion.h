#pragma once
#include "api/ask_fields.h"
#include "api/generation.h"

/// POST /v1/completions. Source: OpenAI's reference, vLLM's further fields.
namespace mr::api {

Checked<Ask> parse_completion(const boost::json::object& body, const Served& served,
                              const Asking& asking);

boost::json::object whole(const CompletionForm& form, Generation& generation);

/// The bytes of a piece in a stream, and of the end of the stream.
std::string event(CompletionForm& form, const Generation& generation, const Piece& piece);
std::string last(const CompletionForm& form, const Generation& generation);

}  // namespace mr::api
