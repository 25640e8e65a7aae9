#pragma once
#include "text/jinja/run.h"

namespace mr::text::jinja {

/// What markupsafe's Markup(text).striptags() gives: without tags and comments, each run of
/// whitespace one space, character references read. Cost: linear.
Expected<Value> strip_tags(Run& run, const Str& str);

}  // namespace mr::text::jinja
