#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mr::app {

/// The prompts of a file: of each line its JSON field prompt, question or text, or the first of its
/// turns, or the line as it is where it is no JSON object. At most n, spread over the file.
/// Errors: bad_model where it cannot be read, bad_request where it has no prompt.
Expected<std::vector<std::string>> read_prompts(const std::string& path, std::size_t n);

}  // namespace mr::app
