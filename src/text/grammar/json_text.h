#pragma once
#include "text/grammar/network.h"

/// The texts of JSON: no white space but one space, or a line end and what indents the next line,
/// behind `{ [ , :` and before `} ]`, as programs write it. A model cannot go on with blanks for
/// ever.
namespace mr::text::grammar {

/// Optional white space; gives the state behind it.
State add_blank(Network& net, State from);

/// `,` and white space.
State add_comma(Network& net, State from);

/// `name": ` without the first quote mark; gives the state where the value begins.
State add_key_end(Network& net, State from);

/// Any value.
RuleId any_value(Network& net);

/// Any object.
RuleId any_object(Network& net);

}  // namespace mr::text::grammar
