#pragma once
#include <boost/json/value.hpp>

#include "api/limits.h"
#include "api/problem.h"

namespace mr::api {

/// Refuses objects of too many keys and strings that are too long, with the place.
Checked<void> check_json(const boost::json::value& value, const Limits& limits);

}  // namespace mr::api
