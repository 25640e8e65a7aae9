#include "model/view.h"

#include <string>

namespace mr::model {

Expected<Model> view(const Model& whole, std::span<const std::int32_t> layers) {
  Model part;
  part.config = whole.config;
  part.config.layers.clear();
  part.config.n_layers = static_cast<std::int32_t>(layers.size());
  part.device = whole.device;
  part.embed = whole.embed;
  part.out_norm = whole.out_norm;
  part.head = whole.head;
  part.ropes = whole.ropes;
  std::int32_t before = -1;
  for (const std::int32_t layer : layers) {
    if (layer <= before || layer >= whole.config.n_layers) {
      return fail(Fault::bad_request, "layers: wanted rising numbers from 0 to " +
                                          std::to_string(whole.config.n_layers - 1) + ", found " +
                                          std::to_string(layer));
    }
    part.config.layers.push_back(whole.config.layers[static_cast<std::size_t>(layer)]);
    part.layers.push_back(whole.layers[static_cast<std::size_t>(layer)]);
    before = layer;
  }
  if (layers.empty()) return fail(Fault::bad_request, "layers: wanted at least one, found none");
  return part;
}

}  // namespace mr::model
