#pragma once
#include <boost/json/value.hpp>

#include "base/error.h"
#include "text/grammar/network.h"

namespace mr::api {

/// The rule of a structural tag: text in which, behind certain beginnings, a format holds. Both
/// forms are read: {structures: [{begin, schema, end}], triggers}, and {format: {type: ...}} of
/// the types const_string, json_schema, regex, any_text, sequence, or, tag, triggered_tags and
/// tags_with_separator. Source: XGrammar, "Structural Tag".
/// Errors: bad_request, with the path.
Expected<text::grammar::RuleId> add_structural_tag(text::grammar::Network& net,
                                                   const boost::json::value& tag);

}  // namespace mr::api
