#pragma once
#include "spec/expansion.h"

namespace mr::spec {

/// Makes the state of a method that drafts with a part of the target, or another form of it: a
/// model that shares its weights. The two functions after it are the others of such a method.
/// Errors: as of make_drafter.
Expected<State> make_self_draft(const Setup& setup, model::Model model);

Expected<void> propose_self_draft(void* state, const Context& context,
                                  std::span<const Sequence> sequences, std::span<Draft> drafts);

void forget_self_draft(void* state, std::uint64_t sequence_id);

/// Of a target's layers those that the method exit runs: as many as were asked for, or half.
std::int32_t exit_layers(const Sources& sources, std::int32_t n_layers);

}  // namespace mr::spec
