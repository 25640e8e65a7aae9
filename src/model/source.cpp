#include "model/source.h"

#include "base/quote.h"

namespace mr::model {
namespace {

/// What stands before the names of a decoder's tensors: alone, and as part of a larger model.
constexpr const char* kBodies[] = {"model.", "language_model.model.", "model.language_model.", ""};

std::string find_body(const safetensors::File& weights) {
  for (const char* body : kBodies) {
    const std::string name = std::string(body) + "embed_tokens.weight";
    if (safetensors::find_tensor(weights, name) != nullptr) return body;
  }
  return kBodies[0];
}

}  // namespace

Expected<Checkpoint> open_checkpoint(const io::ModelFiles& files) {
  if (files.config.empty()) {
    return fail(Fault::bad_model, quote(files.weights) + ": wanted a config.json beside it");
  }
  MR_TRY(auto config, json::read_file(files.config));
  MR_TRY(auto weights, safetensors::open(files.weights));
  std::string body = find_body(weights);
  return Checkpoint{files.config, std::move(weights), std::move(config), std::move(body)};
}

Expected<TextConfig> text_config(const Checkpoint& checkpoint) {
  MR_TRY(const auto* root, json::root_object(checkpoint.config));
  MR_TRY(const auto text, json::get_optional<const boost::json::object*>(*root, "text_config"));
  return text ? TextConfig{*text, "text_config."} : TextConfig{root, ""};
}

Expected<ModelFile> open(const io::ModelFiles& files) {
  ModelFile opened;
  if (files.format == io::Format::gguf) {
    MR_TRY(auto file, gguf::open(files.weights));
    opened.gguf = std::make_unique<gguf::File>(std::move(file));
  } else {
    MR_TRY(auto checkpoint, open_checkpoint(files));
    opened.checkpoint = std::make_unique<Checkpoint>(std::move(checkpoint));
  }
  return opened;
}

const TensorView* find(const Source& source, std::string_view name) {
  if (source.gguf != nullptr) {
    const gguf::Tensor* tensor = gguf::find_tensor(*source.gguf, name);
    return tensor != nullptr ? &tensor->view : nullptr;
  }
  const safetensors::Tensor* tensor = safetensors::find_tensor(source.checkpoint->weights, name);
  return tensor != nullptr ? &tensor->view : nullptr;
}

std::string shape_text(const TensorView& view) {
  if (view.n_dims == 0) return "a scalar";
  std::string out = std::to_string(view.dim[0]);
  for (std::uint32_t i = 1; i < view.n_dims; ++i) out += " x " + std::to_string(view.dim[i]);
  return out;
}

bool failed(const Source& source) {
  return source.gguf != nullptr ? gguf::failed(*source.gguf)
                                : safetensors::failed(source.checkpoint->weights);
}

const std::string& path_of(const Source& source) {
  return source.gguf != nullptr ? source.gguf->path : source.checkpoint->path;
}

}  // namespace mr::model
