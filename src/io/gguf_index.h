#pragma once
#include "io/gguf.h"

namespace mr::gguf {

/// Fills the sorted indices of keys and tensors. Errors: bad_model where a name is there twice.
Expected<void> index_names(File& file);

}  // namespace mr::gguf
