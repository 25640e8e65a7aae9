#pragma once
#include "base/error.h"
#include "io/gguf.h"
#include "model/config.h"

namespace mr::model {

/// What every GGUF decoder states in the same keys, `<architecture>.*`: counts, dims, RoPE with its
/// scaling. Architectures start from it and set what is their own.
/// Errors: bad_model, naming the key, the range wanted and the value found.
Expected<Config> read_decoder_config(const gguf::File& file);

}  // namespace mr::model
