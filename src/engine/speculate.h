#pragma once
#include "engine/engine.h"

/// The engine's side of speculation: which sequences are proposed for, and what is told of them.
namespace mr::engine {

/// Offers the scheduler a tree for every sequence that decodes. Errors: as of spec::propose.
Expected<void> offer_drafts(Engine& engine);

/// Tells what came of the one of sequence `seq` of the batch, before the step is committed.
/// `rows` are the logits of its nodes.
void learn_outcome(Engine& engine, const sched::Batch& batch, std::size_t seq,
                   std::span<const std::int32_t> tokens, std::span<const sample::LogitRow> rows);

/// A choice has ended, or all of them have.
void forget_sequence(Engine& engine, const Engine::Asked& asked, std::int32_t choice);

}  // namespace mr::engine
