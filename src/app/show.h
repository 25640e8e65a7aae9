#pragma once
#include <string>

#include "base/error.h"

namespace mr::app {

struct ShowArgs {
  std::string model;  ///< a file, a folder, or org/name in the hub cache; empty: the default one
  bool json = false;
};

/// What `millrace show` prints: where the model lies, its metadata, tensors, and sizes by type.
/// Nothing but the headers is read. Text of the file is shown so that it cannot steer a terminal;
/// of a long array or text only the beginning is.
/// Errors: bad_model, one line naming the file and the field.
Expected<std::string> show_model(const ShowArgs& args);

/// `millrace show`: that on stdout. Returns the exit code.
int run_show(const ShowArgs& args);

}  // namespace mr::app
