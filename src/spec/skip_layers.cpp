#include "model/view.h"
#include "spec/self_draft.h"
#include "spec/skip_set.h"

// Draft & Verify: the target without some of its layers drafts for all of it.
// Source: arXiv:2309.08168; there attention and feed-forward are skipped apart, here together.
namespace mr::spec {
namespace {

Expected<State> make(const Setup& setup) {
  std::vector<std::int32_t> skipped = setup.sources.skipped_layers;
  if (skipped.empty()) {
    MR_TRY(skipped, find_skip_set(*setup.target, setup.shape.depth));
  }
  MR_TRY(const auto kept, layers_without(setup.target->config.n_layers, skipped));
  MR_TRY(model::Model part, model::view(*setup.target, kept));
  return make_self_draft(setup, std::move(part));
}

}  // namespace

Method skip_layers() {
  return {.name = "skip",
          .summary = "what the target says without some layers, see --skip-layers",
          .shape = {.depth = 4, .width = 1, .nodes = 8},
          .make = make,
          .propose = propose_self_draft,
          .learn = nullptr,
          .forget = forget_self_draft};
}

}  // namespace mr::spec
