#include <numeric>

#include "model/view.h"
#include "spec/self_draft.h"

// Early exit: the target's first layers, its last norm and its head draft for all of it.
// Source: LayerSkip, arXiv:2404.16710.
namespace mr::spec {
namespace {

Expected<State> make(const Setup& setup) {
  const std::int32_t n_layers = setup.target->config.n_layers;
  const std::int32_t n = exit_layers(setup.sources, n_layers);
  if (n < 1 || n >= n_layers) {
    return fail(Fault::bad_request, "speculation: exit wants 1 to " + std::to_string(n_layers - 1) +
                                        " of the target's " + std::to_string(n_layers) +
                                        " layers, found " + std::to_string(n));
  }
  std::vector<std::int32_t> layers(static_cast<std::size_t>(n));
  std::iota(layers.begin(), layers.end(), 0);
  MR_TRY(model::Model first, model::view(*setup.target, layers));
  return make_self_draft(setup, std::move(first));
}

}  // namespace

std::int32_t exit_layers(const Sources& sources, std::int32_t n_layers) {
  return sources.exit_layer == 0 ? (n_layers + 1) / 2 : sources.exit_layer;
}

Method early_exit() {
  return {.name = "exit",
          .summary = "what the target's first layers say, see --exit-layer",
          .shape = {.depth = 4, .width = 1, .nodes = 8},
          .make = make,
          .propose = propose_self_draft,
          .learn = nullptr,
          .forget = forget_self_draft};
}

}  // namespace mr::spec
