#pragma once
#include "io/safetensors.h"

namespace mr::safetensors {

/// Fills the sorted index of names. Errors: bad_model where a name is there twice.
Expected<void> index_names(File& file);

}  // namespace mr::safetensors
