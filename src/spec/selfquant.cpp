#include <numeric>

#include "model/view.h"
#include "spec/self_draft.h"

// Self-quantized drafts: the target's own weights, made Q4_0 when they are loaded, draft for it.
// Source: arXiv:2503.13565.
namespace mr::spec {
namespace {

Expected<State> make(const Setup& setup) {
  const model::Model* few_bits = setup.sources.few_bits;
  if (few_bits == nullptr) {
    return fail(Fault::bad_request,
                "speculation: selfquant wants the target's weights at 4 bits, found none loaded");
  }
  std::vector<std::int32_t> layers(static_cast<std::size_t>(few_bits->config.n_layers));
  std::iota(layers.begin(), layers.end(), 0);
  MR_TRY(model::Model all, model::view(*few_bits, layers));
  return make_self_draft(setup, std::move(all));
}

}  // namespace

Method selfquant() {
  return {.name = "selfquant",
          .summary = "what the target says with its weights at 4 bits",
          .shape = {.depth = 5, .width = 1, .nodes = 8},
          .make = make,
          .propose = propose_self_draft,
          .learn = nullptr,
          .forget = forget_self_draft};
}

}  // namespace mr::spec
