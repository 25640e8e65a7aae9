#include "sched/commit.h"

#include <algorithm>

namespace mr::sched {
namespace {

/// Zeroes the slots from `begin` to `end` as far as the sequence still has their pages; behind
/// `end` all is zero already.
void zero_slots(Settle& settle, const kv::Seq& seq, std::int32_t begin, std::int32_t end) {
  for (std::size_t kind = 0; kind < kv::kKinds; ++kind) {
    const auto n_pages = static_cast<std::int32_t>(seq.pages[kind].size());
    const std::int32_t last = std::min(kv::pages_for(end), n_pages);
    for (std::int32_t page = begin / kv::kPagePositions; page < last; ++page) {
      settle.work[kind].zero_page.push_back(seq.pages[kind][static_cast<std::size_t>(page)]);
      settle.work[kind].zero_begin.push_back(std::max(0, begin - page * kv::kPagePositions));
    }
  }
}

/// Commits a sequence's rows and tokens.
void take_in(State& state, const Batch& batch, std::size_t i, std::span<const Token> tokens,
             Settle& settle) {
  Task& task = at(state, batch.task[i]);
  const std::int32_t length = task.seq.length;
  const std::int32_t n_rows = batch.row_begin[i + 1] - batch.row_begin[i];
  const bool decodes = length + 1 == static_cast<std::int32_t>(task.tokens.size());
  std::int32_t n_committed = n_rows;
  if (decodes) {
    const std::size_t n_nodes = tokens.empty() ? 0 : tokens.size() - 1;
    const auto path = follow(batch.draft[i], tokens.first(n_nodes));
    MR_CHECK(path.size() == n_nodes);
    for (const spec::Move& move : spec::moves(path)) {
      settle.move_seq.push_back(static_cast<std::int32_t>(i));
      settle.move_from.push_back(length + move.from);
      settle.move_to.push_back(length + move.to);
    }
    n_committed = 1 + static_cast<std::int32_t>(n_nodes);
  }
  task.tokens.insert(task.tokens.end(), tokens.begin(), tokens.end());
  MR_CHECK(static_cast<std::int32_t>(task.tokens.size()) <= task.n_max);
  advance(task.seq, state.tree, state.pool, task.tokens, n_committed);
  trim(task.seq, state.pool, static_cast<std::int32_t>(task.tokens.size()));
  if (n_committed < n_rows) zero_slots(settle, task.seq, task.seq.length, length + n_rows);
}

/// Those that share this prompt may begin, once all of it is in the tree.
void let_siblings_begin(State& state, TaskId id) {
  Task& task = at(state, id);
  if (task.choice != 0 || task.seq.length < task.n_prompt) return;
  const std::vector<TaskId>& choices = state.requests.at(task.request);
  const bool any = std::ranges::any_of(choices, [&](TaskId sibling) {
    return sibling != kNoTask && at(state, sibling).waits_for == id;
  });
  if (!any) return;
  store_tail(task.seq, state.tree, state.pool, task.tokens);
  open_gate(state, id);
}

}  // namespace

Settle commit(State& state, const Batch& batch, const Results& results) {
  MR_CHECK(state.in_step && results.verdict.size() == batch.task.size() &&
           results.token_begin.size() == batch.task.size() + 1);
  state.in_step = false;
  Settle settle;
  for (const TaskId id : batch.task) {
    at(state, id).in_step = false;
    copied(at(state, id).seq, state.pool);
  }
  for (std::size_t i = 0; i < batch.task.size(); ++i) {
    const TaskId id = batch.task[i];
    Task& task = at(state, id);
    if (task.cancelled) {
      end(state, id);
      continue;
    }
    const auto ends = [&](Reason reason) {
      settle.ended.push_back({task.request, task.choice, reason});
      end(state, id, reason == Reason::failed);
    };
    if (results.verdict[i] == Verdict::failed) {
      ends(Reason::failed);
      continue;
    }
    const auto begin = static_cast<std::size_t>(results.token_begin[i]);
    const auto end = static_cast<std::size_t>(results.token_begin[i + 1]);
    take_in(state, batch, i, std::span(results.token).subspan(begin, end - begin), settle);
    let_siblings_begin(state, id);
    const bool prompt_done = task.seq.length >= task.n_prompt;
    if (results.verdict[i] == Verdict::stop) {
      ends(Reason::stopped);
    } else if (prompt_done && static_cast<std::int32_t>(task.tokens.size()) >= task.n_max) {
      ends(Reason::length);
    }
  }
  return settle;
}

}  // namespace mr::sched
