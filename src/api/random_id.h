#pragma once
#include <string>
#include <string_view>

namespace mr::api {

/// A prefix and 24 hexadecimal digits that nobody can guess.
std::string random_id(std::string_view prefix);

}  // namespace mr::api
