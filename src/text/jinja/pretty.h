#pragma once
#include "text/jinja/run.h"

namespace mr::text::jinja {

/// What Python's pprint.pformat(value) gives: within 80 columns where it can, keys in order.
/// Errors: data nested too deeply. Cost: linear in the text times the depth of the data.
Expected<void> append_pretty(Run& run, Marked& out, Value value);

}  // namespace mr::text::jinja
