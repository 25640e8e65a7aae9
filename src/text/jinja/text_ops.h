#pragma once
#include <string_view>
#include <vector>

#include "text/jinja/run.h"

/// Operations on strings that keep the marks of what came from input.
namespace mr::text::jinja {

enum class CaseStyle { upper, lower, title, capitalize, swap, fold };

/// A string in another case; each character keeps its mark.
Expected<Value> change_case(Run& run, const Str& str, CaseStyle style);

/// Without the characters of `chars` (null: whitespace) at its ends.
Expected<Value> strip(Run& run, const Str& str, const Str* chars, bool left, bool right);

/// With `before` replaced by `after`, at most `count` times unless negative.
Expected<Value> replace(Run& run, const Str& str, const Str& before, const Str& after,
                        std::int64_t count);

/// Cut at a separator (null: runs of whitespace), at most `count` times unless negative.
Expected<std::vector<Value>> split(Run& run, const Str& str, const Str* separator,
                                   std::int64_t count);
/// The same from the right.
Expected<std::vector<Value>> split_right(Run& run, const Str& str, const Str* separator,
                                         std::int64_t count);
Expected<std::vector<Value>> split_lines(Run& run, const Str& str, bool keep_ends);

/// Where `needle` last is in text before `end`, or npos. Cost: linear.
std::size_t find_last(std::string_view text, std::string_view needle);

/// Items as text with a separator between them.
Expected<Value> join(Run& run, const Str& separator, std::span<const Value> items);

}  // namespace mr::text::jinja
