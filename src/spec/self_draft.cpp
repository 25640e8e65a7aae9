#include "spec/self_draft.h"

#include <memory>

namespace mr::spec {
namespace {

struct SelfDraft {
  Shape shape;
  std::unique_ptr<model::Model> model;  ///< stays where it is: the drafter points at it
  Drafter drafter;
  Translation translation;
};

}  // namespace

Expected<State> make_self_draft(const Setup& setup, model::Model model) {
  SelfDraft made{.shape = setup.shape,
                 .model = std::make_unique<model::Model>(std::move(model)),
                 .drafter = {},
                 .translation = {.n_target = setup.target->config.n_vocab,
                                 .n_draft = setup.target->config.n_vocab}};
  MR_TRY(made.drafter, make_drafter(*made.model, setup.room));
  return make_state(std::move(made));
}

Expected<void> propose_self_draft(void* state, const Context& /*context*/,
                                  std::span<const Sequence> sequences, std::span<Draft> drafts) {
  SelfDraft& own = *static_cast<SelfDraft*>(state);
  MR_TRY(const auto trees, expand(own.drafter, own.translation, own.shape, sequences));
  for (std::size_t i = 0; i < trees.size(); ++i) add_best(drafts[i], trees[i], own.shape.nodes);
  return {};
}

void forget_self_draft(void* state, std::uint64_t sequence_id) {
  forget_text(static_cast<SelfDraft*>(state)->drafter, sequence_id);
}

}  // namespace mr::spec
