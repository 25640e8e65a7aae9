#pragma once
#include <boost/json.hpp>
#include <string>

#include "api/generation.h"

/// What OpenAI's protocols write alike.
namespace mr::api {

/// One event of a stream: "data: ...", and an empty line.
std::string data_event(const boost::json::value& value);

inline constexpr std::string_view kDone = "data: [DONE]\n\n";

/// {"prompt_tokens", "completion_tokens", "total_tokens", and their details}.
boost::json::object usage_object(const Usage& usage);

/// The fields before `choices`.
boost::json::object head(const Ask& ask, std::string_view object);

/// Null, or the name of the end.
boost::json::value finish_reason(const Piece& piece);

/// vLLM's: the stop string or token that ended it.
boost::json::value stop_reason(const Generation& generation, const Piece& piece);

boost::json::array token_ids(const Piece& piece);

/// What ends a stream: the usage where it was asked for, then [DONE].
std::string stream_end(const Generation& generation, std::string_view object);

}  // namespace mr::api
