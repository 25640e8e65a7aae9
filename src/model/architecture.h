#pragma once
#include <span>
#include <string_view>

#include "base/error.h"
#include "io/gguf.h"
#include "model/config.h"

/// The architectures that the program knows: one file each reads the shape of its models.
namespace mr::model {

struct Architecture {
  std::string_view name;  ///< as `general.architecture` has it
  Expected<Config> (*config)(const gguf::File& file) = nullptr;
};

/// All of them, by name.
std::span<const Architecture> architectures();

/// The shape of the model in `file`.
/// Errors: bad_model, naming the field; of an unknown architecture, listing the known.
Expected<Config> read_config(const gguf::File& file);

namespace llama {
Expected<Config> config(const gguf::File& file);
}
namespace qwen3 {
Expected<Config> config(const gguf::File& file);
}

}  // namespace mr::model
