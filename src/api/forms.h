#pragma once
#include <boost/json/object.hpp>

#include "api/generation.h"
#include "api/problem.h"

/// The bytes of an answer, by the form its protocol has set.
namespace mr::api {

/// Of a piece, in a stream.
std::string event(Generation& generation, const Piece& piece);

/// Of the end of a stream.
std::string last(Generation& generation);

/// Of silence in a stream.
std::string ping(const Generation& generation);

/// Of an error that ends a stream.
std::string error_event(const Generation& generation, const Problem& problem);

/// Of an answer that is not streamed.
boost::json::object whole(Generation& generation);

}  // namespace mr::api
