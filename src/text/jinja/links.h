#pragma once
#include <optional>
#include <vector>

#include "text/jinja/run.h"

namespace mr::text::jinja {

/// How the filter urlize writes links.
struct LinkStyle {
  std::optional<std::int64_t> max_chars;  ///< of the address shown; as a slice takes it
  const Str* attributes;                  ///< of every link
  std::vector<const Str*> schemes = {};   ///< that make a link besides the usual ones
};

/// Whether text can be a scheme of urlize: "name:" with up to two slashes.
bool is_scheme(std::string_view text);

/// Escaped text with its addresses made links, as jinja2's urlize recognises them. Cost: linear.
Expected<Value> link_addresses(Run& run, const Str& escaped, const LinkStyle& style);

}  // namespace mr::text::jinja
