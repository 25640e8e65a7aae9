#pragma once
#include "text/jinja/run.h"

namespace mr::text::jinja {

/// Text with the five characters that mean something in HTML replaced, as markupsafe does.
void append_escaped(Marked& out, const Str& str);
/// What escape(value) gives: markup; what is markup already stays as it is.
Expected<Value> escaped(Run& run, Value value);

}  // namespace mr::text::jinja
