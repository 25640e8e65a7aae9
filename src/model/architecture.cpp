#include "model/architecture.h"

#include <array>
#include <string>

#include "base/quote.h"

namespace mr::model {

std::span<const Architecture> architectures() {
  static constexpr std::array kKnown = {
      Architecture{"llama", llama::config},
      Architecture{"qwen3", qwen3::config},
  };
  return kKnown;
}

Expected<Config> read_config(const gguf::File& file) {
  MR_TRY(const auto name, gguf::get<std::string>(file, "general.architecture"));
  std::string known;
  for (const Architecture& architecture : architectures()) {
    if (architecture.name == name) return architecture.config(file);
    known += (known.empty() ? "" : ", ") + std::string(architecture.name);
  }
  return fail(Fault::bad_model,
              "general.architecture: wanted one of " + known + "; found " + quote(name));
}

}  // namespace mr::model
