#pragma once
#include "text/jinja/run.h"

namespace mr::text::jinja {

/// jinja2's lipsum(n=5, html=True, min=20, max=100): paragraphs of Latin by chance, of `min` words
/// or more and less than `max`.
Expected<Value> lipsum(Run& run, Value, const Args& args);

}  // namespace mr::text::jinja
