#pragma once
#include <span>
#include <string>

#include "app/manual.h"

/// Scripts that let shells complete commands, flags, the values that flags may have, files, and
/// the models that `millrace ls` finds.
namespace mr::app {

std::string bash_completion(std::span<const CommandManual> commands);
std::string zsh_completion(std::span<const CommandManual> commands);
std::string fish_completion(std::span<const CommandManual> commands);

}  // namespace mr::app
