#pragma once
#include "api/generation.h"
#include "api/served.h"

namespace mr::api {

/// Why the first prompt of an answer was not found in the cache whole: the first token that had to
/// be computed, and the message of the chat that holds it.
/// Cost: the chat is rendered and read a few times more, so not for the threads of the network.
boost::json::object cache_report(const Served& served, const Generation& generation);

}  // namespace mr::api
