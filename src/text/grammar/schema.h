#pragma once
#include <boost/json/value.hpp>

#include "base/error.h"
#include "text/grammar/network.h"

namespace mr::text::grammar {

/// The texts of the JSON values that a schema (drafts 4 to 2020-12) takes, keys in the order in
/// which the schema names them and those that it does not name behind. The schema may say false
/// and true for nothing and everything. It is not kept.
/// Errors: bad_request with the path of what cannot be enforced, such as `$.properties.a.not`, and
/// for what is no schema or over a limit. Nothing is ever left out in silence.
Expected<RuleId> add_schema(Network& net, const boost::json::value& schema);

}  // namespace mr::text::grammar
