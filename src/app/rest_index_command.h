#pragma once
#include <string>

#include "app/loaded.h"

namespace mr::app {

struct RestIndexArgs {
  LoadArgs load;       ///< whose tokenizer
  std::string corpus;  ///< a text file
  std::string out;     ///< empty: beside the corpus
};

/// `millrace rest-index`: a corpus as the method rest reads it. Returns the exit code.
int run_rest_index(const RestIndexArgs& args);

}  // namespace mr::app
