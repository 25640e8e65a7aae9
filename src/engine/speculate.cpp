#include "engine/speculate.h"

#include "engine/pace.h"

namespace mr::engine {
namespace {

spec::Sequence sequence_of(const Engine& engine, const sched::Task& task) {
  const Engine::Asked& asked = engine.asked.at(task.request);
  return {.id = asked.first_sequence + static_cast<std::uint64_t>(task.choice),
          .salt = task.salt,
          .node = task.seq.node,
          .n_shared = task.seq.n_shared * kv::kPagePositions,
          .tokens = task.tokens,
          .n_prompt = asked.n_prompt,
          .n_left = task.n_max - static_cast<std::int32_t>(task.tokens.size()),
          .sample = &asked.sample,
          .choice = static_cast<std::uint32_t>(task.choice),
          .carry = &asked.carry[static_cast<std::size_t>(task.choice)],
          .stop_tokens = asked.stop_tokens,
          .proposers = asked.proposers};
}

/// Tokens that would have come in the time that each node of a step took.
double node_cost(const Engine& engine, const sched::Batch& batch) {
  const std::int32_t n_nodes = batch.nodes.n_taken;
  if (n_nodes == 0) return 0;
  const auto n_rows = static_cast<std::int32_t>(batch.token.size());
  const double us =
      sched::cost_us(engine.cost, n_rows) - sched::cost_us(engine.cost, n_rows - n_nodes);
  return us * tokens_per_us(engine) / n_nodes;
}

}  // namespace

Expected<void> offer_drafts(Engine& engine) {
  if (engine.portfolio.proposers.empty()) return {};
  std::vector<sched::TaskId> tasks;
  std::vector<spec::Sequence> sequences;
  for (const sched::TaskId id : sched::decoding(engine.state)) {
    const sched::Task& task = sched::at(engine.state, id);
    // What a thought is forced to is offered already; the last token needs nothing after it.
    if (!task.draft.token.empty()) continue;
    spec::Sequence sequence = sequence_of(engine, task);
    if (sequence.n_left < 2 || sequence.proposers == 0) continue;
    tasks.push_back(id);
    sequences.push_back(sequence);
  }
  MR_TRY(auto drafts,
         spec::propose(engine.portfolio,
                       {.target = *engine.model, .store = engine.store, .tree = engine.state.tree},
                       sequences, tokens_per_us(engine)));
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    sched::offer(engine.state, tasks[i], std::move(drafts[i]));
  }
  return {};
}

void learn_outcome(Engine& engine, const sched::Batch& batch, std::size_t seq,
                   std::span<const std::int32_t> tokens, std::span<const sample::LogitRow> rows) {
  if (engine.portfolio.proposers.empty() || tokens.empty()) return;
  const spec::Sequence sequence = sequence_of(engine, sched::at(engine.state, batch.task[seq]));
  spec::learn(engine.portfolio, {.sequence = sequence,
                                 .tokens = tokens,
                                 .computed = batch.draft[seq],
                                 .rows = rows,
                                 .node_cost = node_cost(engine, batch)});
}

void forget_sequence(Engine& engine, const Engine::Asked& asked, std::int32_t choice) {
  const auto n_choices = static_cast<std::int32_t>(asked.carry.size());
  for (std::int32_t i = 0; i < n_choices; ++i) {
    if (choice != sched::kAllChoices && choice != i) continue;
    spec::forget(engine.portfolio, asked.first_sequence + static_cast<std::uint64_t>(i));
  }
}

}  // namespace mr::engine
