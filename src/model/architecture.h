#pragma once
#include <array>
#include <span>
#include <string_view>

#include "base/error.h"
#include "model/config.h"
#include "model/names.h"
#include "model/source.h"

/// The architectures that the program knows: one file each reads the shape of its models.
namespace mr::model {

struct Architecture {
  std::string_view name;                        ///< as `general.architecture` has it
  std::array<std::string_view, 3> model_types;  ///< as `model_type` of config.json has it
  Expected<Config> (*config)(const Source& source) = nullptr;
  Names gguf = kGgufNames;
  Names hf = kHfNames;
};

/// All of them, by name.
std::span<const Architecture> architectures();

/// The architecture of a model. Errors: bad_model; of an unknown one, listing the known.
Expected<const Architecture*> architecture_of(const Source& source);

/// The shape of the model in `source`, with the size of its vocabulary.
/// Errors: bad_model, naming the field.
Expected<Config> read_config(const Source& source);

namespace deepseek {
Expected<Config> config(const Source& source);
}
namespace gemma2 {
Expected<Config> config(const Source& source);
}
namespace gemma3 {
Expected<Config> config(const Source& source);
}
namespace gpt_oss {
Expected<Config> config(const Source& source);
}
namespace llama {
Expected<Config> config(const Source& source);
}
namespace mistral {
Expected<Config> config(const Source& source);
}
namespace mixtral {
Expected<Config> config(const Source& source);
}
namespace olmo2 {
Expected<Config> config(const Source& source);
}
namespace phi3 {
Expected<Config> config(const Source& source);
}
namespace qwen2 {
Expected<Config> config(const Source& source);
}
namespace qwen3 {
Expected<Config> config(const Source& source);
}
namespace qwen3_moe {
Expected<Config> config(const Source& source);
}

}  // namespace mr::model
