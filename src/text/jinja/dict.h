#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "text/jinja/run.h"

namespace mr::text::jinja {

/// A dict under construction: later values replace earlier ones of equal keys, in their place.
struct DictBuilder {
  std::vector<Entry> entries = {};
  std::vector<std::uint32_t> slots = {};
};

/// Errors: an unhashable key.
Expected<void> put(Run& run, DictBuilder& dict, Value key, Value value);
/// Tells whether the key was new; for sets.
Expected<bool> put_new(Run& run, DictBuilder& dict, Value key, Value value);
Value finish(Run& run, const DictBuilder& dict);

/// The value of a key, or null. Errors: an unhashable key.
Expected<const Value*> find(Run& run, const Dict& dict, Value key);
const Value* find_text(const Dict& dict, std::string_view key);

}  // namespace mr::text::jinja
