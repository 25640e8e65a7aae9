#pragma once
#include <string>
#include <string_view>

#include "base/error.h"

/// From what a person calls a model to its files.
namespace mr::io {

enum class Format : unsigned char { gguf, safetensors };

/// The files of a model. Those that are not there are "".
struct ModelFiles {
  Format format = Format::gguf;
  std::string weights;            // .gguf (the first shard), .safetensors or its index
  std::string config;             // config.json; only safetensors has the rest too
  std::string generation_config;  // generation_config.json
  std::string tokenizer;          // tokenizer.json
  std::string tokenizer_config;   // tokenizer_config.json
  std::string chat_template;      // chat_template.jinja
};

/// The Hugging Face hub cache of this user: HF_HUB_CACHE, else HF_HOME/hub, else
/// ~/.cache/huggingface/hub (or that of XDG_CACHE_HOME).
std::string hub_cache();

/// `name` is a file, a folder, or `org/name[:quant]` in the hub cache; the network is never asked.
/// Errors: bad_model: nothing of that name, a folder without weights, PyTorch pickles (which can
/// run code and are not read).
Expected<ModelFiles> resolve_model(const std::string& name, const std::string& cache = hub_cache());

}  // namespace mr::io
