#pragma once
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "io/gguf.h"
#include "io/json.h"
#include "io/resolve.h"
#include "io/safetensors.h"

/// An opened model of either format, as architectures see it: what it says of itself, and its
/// tensors by name.
namespace mr::model {

/// Weights in safetensors files with the config.json beside them.
struct Checkpoint {
  std::string path;  ///< of config.json
  safetensors::File weights;
  json::Document config;
  std::string body;  ///< what stands before "layers.0." in the names: "model."
};

/// Reads the config and opens the weights. Errors: bad_model.
Expected<Checkpoint> open_checkpoint(const io::ModelFiles& files);

/// The object of config.json that describes the decoder: "text_config" where there is one, else
/// all of it.
struct TextConfig {
  const boost::json::object* object = nullptr;
  std::string prefix;  ///< of its keys in messages: "text_config." or nothing
};
Expected<TextConfig> text_config(const Checkpoint& checkpoint);

/// A look at an opened model: one of the two is set, and outlives it.
struct Source {
  const gguf::File* gguf = nullptr;
  const Checkpoint* checkpoint = nullptr;
};

/// What an opened model lives in.
struct ModelFile {
  std::unique_ptr<gguf::File> gguf;
  std::unique_ptr<Checkpoint> checkpoint;
};

/// Errors: bad_model.
Expected<ModelFile> open(const io::ModelFiles& files);

inline Source source(const ModelFile& file) {
  return {file.gguf.get(), file.checkpoint.get()};
}

/// The tensor of that name, or null.
const TensorView* find(const Source& source, std::string_view name);

/// The dimensions of a tensor as the format's own tools print them, "64 x 128".
std::string shape_text(const TensorView& view);

/// Whether a part of the weights could not be read since they were opened.
bool failed(const Source& source);

const std::string& path_of(const Source& source);

}  // namespace mr::model
