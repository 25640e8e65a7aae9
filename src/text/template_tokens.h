#pragma once
#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace mr::text {

/// What templates print of the vocabulary: bos_token, eos_token and the like, with their text.
using TemplateTokens = std::vector<std::pair<std::string, boost::json::value>>;

/// Those that a model's own template sees, for a template in place of it. Errors: bad_model.
Expected<TemplateTokens> template_tokens(const std::string& model);

}  // namespace mr::text
