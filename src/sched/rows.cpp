#include <algorithm>
#include <bit>
#include <utility>

#include "sched/step.h"

namespace mr::sched {
namespace {

struct Candidate {
  std::int32_t share;
  std::int32_t node;
  float probability;
};

/// The nodes that could be computed, of all choices. Those at a depth that the choice has no tokens
/// left for are none.
std::vector<Candidate> candidates(const State& state, const Step& step) {
  std::vector<Candidate> all;
  for (std::size_t i = 0; i < step.shares.size(); ++i) {
    const Task& task = at(state, step.shares[i].task);
    const auto n_tokens = static_cast<std::int32_t>(task.tokens.size());
    if (step.shares[i].n_rows != 1 || task.draft.token.empty() || n_tokens <= task.n_prompt) {
      continue;
    }
    const std::int32_t deepest = task.n_max - n_tokens - 1;
    for (std::int32_t node = 1; node < n_nodes(task.draft); ++node) {
      const auto at_node = static_cast<std::size_t>(node);
      if (task.draft.depth[at_node] > deepest) continue;
      all.push_back({static_cast<std::int32_t>(i), node, task.draft.probability[at_node]});
    }
  }
  return all;
}

/// The places of the n most probable candidates, the best first, equals in their order: so a parent
/// comes before its children. As one number each, 1,000 of them sort in a third of the time.
std::vector<std::uint32_t> best_first(const std::vector<Candidate>& all, std::size_t n) {
  std::vector<std::uint64_t> keys;
  keys.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    // The bits of numbers from 0 on rise with them.
    const std::uint32_t rank = ~std::bit_cast<std::uint32_t>(all[i].probability);
    keys.push_back(std::uint64_t{rank} << 32 | i);
  }
  const auto end = keys.begin() + static_cast<std::ptrdiff_t>(std::min(n, keys.size()));
  if (end != keys.end()) std::nth_element(keys.begin(), end, keys.end());
  std::sort(keys.begin(), end);
  std::vector<std::uint32_t> places;
  places.reserve(static_cast<std::size_t>(end - keys.begin()));
  for (auto key = keys.begin(); key != end; ++key) {
    places.push_back(static_cast<std::uint32_t>(*key));
  }
  return places;
}

/// How many of the candidates, best first, to take: as many as leave the most of the tokens that
/// they are expected to bring, after what their rows cost in the tokens that the time would bring
/// otherwise. Where each row costs more than the one before, those are the ones with
/// p > tokens_per_us * (T(n + 1) - T(n)); where rows come in blocks, a block is taken as one.
std::size_t n_worth(const std::vector<Candidate>& all, std::span<const std::uint32_t> best,
                    std::int32_t n_rows, const PlanInput& input) {
  if (!(input.tokens_per_us > 0)) return best.size();
  const double plain_us = cost_us(input.cost, n_rows);
  double tokens = 0;
  double most = 0;
  std::size_t n_most = 0;
  for (std::size_t i = 0; i < best.size(); ++i) {
    tokens += static_cast<double>(all[best[i]].probability);
    const double us = cost_us(input.cost, n_rows + static_cast<std::int32_t>(i) + 1) - plain_us;
    const double worth = tokens - input.tokens_per_us * us;
    if (worth <= most) continue;
    most = worth;
    n_most = i + 1;
  }
  return n_most;
}

/// Gives a decode the chosen nodes, as many as there are slots for.
void take_nodes(State& state, Step& step, Share& share, std::span<const std::uint8_t> keep) {
  Task& task = at(state, share.task);
  share.draft = prune(std::move(task.draft), keep);
  const std::int32_t length = task.seq.length;
  const std::int32_t n_slots = length + n_nodes(share.draft);
  if (!reserve(task.seq, state.tree, state.pool, {n_slots, n_slots}, step.work)) {
    std::size_t n_pages = task.seq.pages[0].size();
    if (state.tree.window > 0) n_pages = std::min(n_pages, task.seq.pages[1].size());
    cut(share.draft, static_cast<std::int32_t>(n_pages) * kv::kPagePositions - length);
  }
  share.n_rows = n_nodes(share.draft);
  step.n_rows += share.n_rows - 1;
}

/// One row of a draft: which slots it attends to.
void write_node(Batch& batch, const spec::Draft& draft, std::int32_t node, std::int32_t length) {
  const std::size_t begin = batch.path.size();
  std::int32_t up = node;
  // Ancestors that stand in the slots of their positions are part of the context.
  while (up > draft.depth[static_cast<std::size_t>(up)]) {
    batch.path.push_back(length + up);
    up = draft.parent[static_cast<std::size_t>(up)];
  }
  std::reverse(batch.path.begin() + static_cast<std::ptrdiff_t>(begin), batch.path.end());
  batch.context.push_back(length + up + 1);
}

void write_rows(Batch& batch, const State& state, const Task& task, const Share& share) {
  const std::int32_t length = task.seq.length;
  const bool tree = !share.draft.token.empty();
  const auto n_tokens = static_cast<std::int32_t>(task.tokens.size());
  for (std::int32_t i = 0; i < share.n_rows; ++i) {
    const auto node = static_cast<std::size_t>(i);
    const std::int32_t pos = length + (tree ? share.draft.depth[node] : i);
    const bool generated = pos + 1 >= n_tokens && pos >= task.n_prompt;
    const bool wanted = pos + 1 >= n_tokens || task.all_logits;
    if (wanted) batch.logit_rows.push_back(static_cast<std::int32_t>(batch.token.size()));
    batch.token.push_back(tree && i > 0 ? share.draft.token[node]
                                        : task.tokens[static_cast<std::size_t>(length) + node]);
    batch.pos.push_back(pos);
    batch.seq.push_back(static_cast<std::int32_t>(batch.task.size()));
    batch.slot.push_back(length + i);
    batch.row_class.push_back(generated || state.limits.deterministic ? RowClass::exact
                                                                      : RowClass::bulk);
    if (tree) {
      write_node(batch, share.draft, i, length);
    } else {
      batch.context.push_back(pos + 1);
    }
    batch.path_begin.push_back(static_cast<std::int32_t>(batch.path.size()));
  }
}

void write_pages(Batch& batch, const State& state) {
  for (const TaskId id : batch.task) {
    batch.max_pages =
        std::max(batch.max_pages, static_cast<std::int32_t>(at(state, id).seq.pages[0].size()));
  }
  const std::size_t n_kinds = state.tree.window > 0 ? 2 : 1;
  for (std::size_t kind = 0; kind < n_kinds; ++kind) {
    std::vector<kv::PageId>& all = batch.pages[kind];
    all.resize(batch.task.size() * static_cast<std::size_t>(batch.max_pages), kv::kNoPage);
    auto line = all.begin();
    for (const TaskId id : batch.task) {
      std::ranges::copy(at(state, id).seq.pages[kind], line);
      line += batch.max_pages;
    }
  }
}

}  // namespace

void plan_drafts(State& state, Step& step, const PlanInput& input) {
  const std::vector<Candidate> all = candidates(state, step);
  if (all.empty()) return;
  const auto n_most = static_cast<std::size_t>(std::max(0, step.most - step.n_rows));
  const std::vector<std::uint32_t> chosen = best_first(all, n_most);

  std::vector<std::size_t> begin(step.shares.size() + 1);  // of each choice's nodes in `keep`
  std::vector<std::int32_t> n_left(step.shares.size());    // nodes it may still get
  for (std::size_t i = 0; i < step.shares.size(); ++i) {
    const Task& task = at(state, step.shares[i].task);
    begin[i + 1] = begin[i] + task.draft.token.size();
    // Scratch slots stay within the pages that the choice may come to need anyway.
    n_left[i] = std::min(state.limits.n_draft,
                         kv::pages_for(task.n_max) * kv::kPagePositions - task.seq.length - 1);
  }
  std::vector<std::uint32_t> taken;
  for (const std::uint32_t index : chosen) {
    std::int32_t& left = n_left[static_cast<std::size_t>(all[index].share)];
    if (left > 0 && all[index].probability > 0) taken.push_back(index);
    --left;
  }
  taken.resize(n_worth(all, taken, step.n_rows, input));
  std::vector<std::uint8_t> keep(begin.back());
  for (const std::uint32_t index : taken) {
    const Candidate& candidate = all[index];
    keep[begin[static_cast<std::size_t>(candidate.share)] +
         static_cast<std::size_t>(candidate.node)] = 1;
  }
  step.nodes = {
      .n_offered = static_cast<std::int32_t>(all.size()),
      .n_taken = static_cast<std::int32_t>(taken.size()),
      .least_taken = taken.empty() ? 0.0F : all[taken.back()].probability,
      .best_left = taken.size() < chosen.size() ? all[chosen[taken.size()]].probability : 0.0F};
  for (std::size_t i = 0; i < step.shares.size(); ++i) {
    const auto nodes = std::span(keep).subspan(begin[i], begin[i + 1] - begin[i]);
    if (std::ranges::count(nodes, 1) > 0) take_nodes(state, step, step.shares[i], nodes);
  }
}

Batch write_batch(State& state, Step&& step) {
  Batch batch;
  batch.work = std::move(step.work);
  batch.nodes = step.nodes;
  const auto n_rows = static_cast<std::size_t>(step.n_rows);
  for (auto* list : {&batch.token, &batch.pos, &batch.seq, &batch.slot, &batch.context}) {
    list->reserve(n_rows);
  }
  batch.path_begin.reserve(n_rows + 1);
  batch.row_class.reserve(n_rows);
  batch.draft.reserve(step.shares.size());
  for (Share& share : step.shares) {
    if (share.n_rows == 0) continue;
    Task& task = at(state, share.task);
    write_rows(batch, state, task, share);
    batch.task.push_back(share.task);
    batch.request.push_back(task.request);
    batch.choice.push_back(task.choice);
    batch.row_begin.push_back(static_cast<std::int32_t>(batch.token.size()));
    batch.logit_begin.push_back(static_cast<std::int32_t>(batch.logit_rows.size()));
    batch.draft.push_back(std::move(share.draft));
    task.in_step = true;
    task.progress_step = state.step;
    state.tenants[static_cast<std::size_t>(task.tenant)].n_rows +=
        static_cast<std::uint64_t>(share.n_rows);
  }
  for (const TaskId id : state.running) at(state, id).draft = {};
  write_pages(batch, state);
  return batch;
}

}  // namespace mr::sched
