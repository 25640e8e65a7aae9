#pragma once
#include <string>

#include "base/error.h"

namespace mr::app {

/// What the model at `path` says of its license: `general.license` of a GGUF file with its name
/// and link; of a folder the text of LICENSE, else the license that its README names. Empty where
/// it says nothing. Errors: bad_model for a file that cannot be read.
Expected<std::string> license_of(const std::string& path);

}  // namespace mr::app
