#include <algorithm>

#include "spec/draft_source.h"
#include "spec/expansion.h"
#include "spec/proposer.h"

// Draft models: what one or several smaller models say goes on, as chains of width 1 or as trees.
// Source: arXiv:2211.17192 and 2302.01318 (chains), 2305.09781 (trees, several drafts).
namespace mr::spec {
namespace {

struct Member {
  Drafter drafter;
  const Translation* translation;
};

struct Drafts {
  Shape shape;  ///< of each member's trees, its nodes a share of the whole
  std::vector<Member> members;
};

Expected<State> make(const Setup& setup) {
  const std::vector<const DraftModel*>& sources = setup.sources.drafts;
  if (sources.empty()) {
    return fail(Fault::bad_request,
                "speculation: draft wants a model, found none: name one with --model-draft");
  }
  Drafts drafts{.shape = setup.shape, .members = {}};
  const auto n = static_cast<std::int32_t>(sources.size());
  drafts.shape.nodes = std::max(1, setup.shape.nodes / n);
  for (const DraftModel* source : sources) {
    MR_TRY(Drafter drafter, make_drafter(source->model, setup.room));
    drafts.members.push_back({std::move(drafter), &source->translation});
  }
  return make_state(std::move(drafts));
}

Expected<void> propose(void* state, const Context& /*context*/, std::span<const Sequence> sequences,
                       std::span<Draft> drafts) {
  Drafts& own = *static_cast<Drafts*>(state);
  for (Member& member : own.members) {
    MR_TRY(const auto trees, expand(member.drafter, *member.translation, own.shape, sequences));
    for (std::size_t i = 0; i < trees.size(); ++i) add_best(drafts[i], trees[i], own.shape.nodes);
  }
  return {};
}

void forget(void* state, std::uint64_t sequence_id) {
  for (Member& member : static_cast<Drafts*>(state)->members) {
    forget_text(member.drafter, sequence_id);
  }
}

}  // namespace

Method draft_model() {
  return {.name = "draft",
          .summary = "what smaller models say, see --model-draft",
          .shape = {.depth = 6, .width = 1, .nodes = 16},
          .make = make,
          .propose = propose,
          .learn = nullptr,
          .forget = forget};
}

}  // namespace mr::spec
