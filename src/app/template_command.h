#pragma once
#include <string>

#include "base/error.h"

namespace mr::app {

struct TemplateArgs {
  std::string model;  ///< a file, a folder, or org/name in the Hugging Face cache
  std::string file;   ///< a template by itself, in place of a model's
  std::string input;  ///< a JSON file with messages, tools and any other variable
  std::string now;    ///< the time that templates see, as 2025-07-26T12:00; default: the local time
};

/// What `millrace template` prints: the rendered template, nothing added.
/// Errors: bad_model for the template, bad_request for the input and for what the template raises.
Expected<std::string> render_template(const TemplateArgs& args);

/// The command: prints that, or the error. Returns the program's exit code.
int run_template(const TemplateArgs& args);

}  // namespace mr::app
