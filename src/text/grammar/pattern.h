#pragma once
#include <string_view>

#include "base/error.h"
#include "text/grammar/automaton.h"

namespace mr::text::grammar {

/// Where in a text a pattern must be found.
enum class Find : std::uint8_t {
  anywhere,  ///< as `pattern` of JSON Schema
  whole,     ///< it is the text
};

/// The texts that a regular expression matches: the part of ECMAScript's that needs no memory.
/// Errors: bad_request for one that is malformed, over the limits, or not regular (looks ahead or
/// behind, back references, borders of words).
Expected<Automaton> read_pattern(std::string_view pattern, Find find, Meter& meter);

/// The same for a pattern that no client sent: of any length, and the whole text.
Expected<Automaton> own_pattern(std::string_view pattern, Meter& meter);

/// The characters of a text that mean something in a pattern, escaped.
std::string quoted_pattern(std::string_view text);

}  // namespace mr::text::grammar
