#pragma once
#include <string>
#include <vector>

#include "base/error.h"

namespace mr::app {

/// The model to use where the user names none: the one that `models/default` names, beside the
/// program, in the checkout that it was built in, or in the working folder.
/// Errors: bad_model, saying where it was looked for.
Expected<std::string> default_model();

/// The folders that are looked through for it, whether they are there or not.
std::vector<std::string> model_folders();

}  // namespace mr::app
