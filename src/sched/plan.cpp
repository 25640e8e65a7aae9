#include "sched/plan.h"

#include <algorithm>
#include <utility>

#include "sched/step.h"

namespace mr::sched {
namespace {

/// Steps after which a choice whose prompt is under way goes before all others.
constexpr std::int64_t kStalledSteps = 32;

/// Ends what is late, and finds out when the next will be.
void end_late(State& state, double now_us, std::vector<Ended>& ended) {
  if (now_us < state.next_deadline_us) return;
  state.next_deadline_us = kNever;
  for (std::size_t i = 0; i < state.tasks.size(); ++i) {
    const Task& task = state.tasks[i];
    if (task.phase == Phase::none) continue;
    if (now_us < task.deadline_us) {
      state.next_deadline_us = std::min(state.next_deadline_us, task.deadline_us);
      continue;
    }
    ended.push_back({task.request, task.choice, Reason::deadline});
    end(state, static_cast<TaskId>(i));
  }
}

/// The choice to preempt so that another can have a page: the lowest priority, then the last to
/// have begun. One that has made no token since it began is spared, so that every start gets
/// somewhere.
TaskId victim(const State& state) {
  TaskId worst = kNoTask;
  for (const TaskId id : state.running) {
    const Task& task = at(state, id);
    if (static_cast<std::int32_t>(task.tokens.size()) == task.n_start) continue;
    if (worst == kNoTask) worst = id;
    const Task& other = at(state, worst);
    if (task.priority != other.priority ? task.priority < other.priority
                                        : task.phase_step >= other.phase_step) {
      worst = id;
    }
  }
  return worst;
}

}  // namespace

std::int32_t n_to_compute(const Task& task) {
  return static_cast<std::int32_t>(task.tokens.size()) - task.seq.length;
}

void preempt(State& state, Step& step, TaskId id) {
  Task& task = at(state, id);
  for (Share& share : step.shares) {
    if (share.task != id) continue;
    step.n_rows -= share.n_rows;
    share.n_rows = 0;
  }
  store_tail(task.seq, state.tree, state.pool, task.tokens);
  task.n_stored = task.seq.length;
  stop(task.seq, state.tree, state.pool);
  std::erase(state.running, id);
  state.waiting.push_back(id);
  task.phase = Phase::waiting;
  task.phase_step = state.step;
  task.draft = {};
  ++state.n_preempted;
}

void plan_decodes(State& state, Step& step) {
  std::vector<TaskId> ids;
  for (const TaskId id : state.running) {
    if (n_to_compute(at(state, id)) == 1) ids.push_back(id);
  }
  const bool prompts_wait = ids.size() < state.running.size() || !state.waiting.empty();
  const auto most =
      static_cast<std::size_t>(step.most - (prompts_wait ? std::max(1, step.most / 8) : 0));
  if (ids.size() > most) {
    std::ranges::stable_sort(ids, {}, [&](TaskId id) { return at(state, id).progress_step; });
    ids.resize(most);
  }
  for (const TaskId id : ids) {
    while (at(state, id).phase == Phase::running) {
      Task& task = at(state, id);
      const std::int32_t n_slots = task.seq.length + 1;
      if (reserve(task.seq, state.tree, state.pool, {n_slots, n_slots}, step.work)) {
        step.shares.push_back({id, 1, {}});
        ++step.n_rows;
        break;
      }
      // This choice was reserved one token's slots when it began, so it is a candidate itself.
      const TaskId worst = victim(state);
      MR_CHECK(worst != kNoTask);
      preempt(state, step, worst);
    }
  }
}

bool add_chunk(State& state, Step& step, TaskId id) {
  Task& task = at(state, id);
  const std::int32_t n_tokens = static_cast<std::int32_t>(task.tokens.size());
  const std::int32_t begin = task.seq.length;
  std::int32_t end =
      std::min({n_tokens, begin + state.limits.n_chunk, begin + step.most - step.n_rows});
  const std::int32_t whole = end / kv::kPagePositions * kv::kPagePositions;
  if (end < n_tokens && whole > begin) end = whole;  // so that its pages are complete
  if (end <= begin || !reserve(task.seq, state.tree, state.pool, {n_tokens, end}, step.work)) {
    return false;
  }
  step.shares.push_back({id, end - begin, {}});
  step.n_rows += end - begin;
  return true;
}

void plan_prompts(State& state, Step& step) {
  std::vector<TaskId> ids;
  for (const TaskId id : state.running) {
    if (n_to_compute(at(state, id)) > 1) ids.push_back(id);
  }
  const auto goes_before = [&](TaskId a, TaskId b) {
    const Task& x = at(state, a);
    const Task& y = at(state, b);
    const bool x_stalled = state.step - x.progress_step > kStalledSteps;
    const bool y_stalled = state.step - y.progress_step > kStalledSteps;
    if (x_stalled != y_stalled) return x_stalled;
    if (x_stalled && x.progress_step != y.progress_step) return x.progress_step < y.progress_step;
    if (x.priority != y.priority) return x.priority > y.priority;
    const std::uint64_t x_rows = state.tenants[static_cast<std::size_t>(x.tenant)].n_rows;
    const std::uint64_t y_rows = state.tenants[static_cast<std::size_t>(y.tenant)].n_rows;
    if (x.tenant != y.tenant && x_rows != y_rows) return x_rows < y_rows;
    return x.phase_step != y.phase_step ? x.phase_step < y.phase_step : x.arrival < y.arrival;
  };
  std::ranges::sort(ids, goes_before);
  for (const TaskId id : ids) {
    if (step.n_rows >= step.most) return;
    Task& task = at(state, id);
    if (!task.fresh) {
      // Another may have stored more of the same prompt since; all but the last token can be taken.
      catch_up(task.seq, state.tree, state.pool, task.salt,
               std::span(task.tokens).first(task.tokens.size() - 1));
    }
    add_chunk(state, step, id);
  }
}

Batch plan(State& state, const PlanInput& input) {
  MR_CHECK(!state.in_step);
  ++state.step;
  std::vector<Ended> ended;
  end_late(state, input.now_us, ended);

  Step step;
  step.most = std::max(2, rows_within(input.cost, state.limits.step_us, state.limits.n_rows));
  step.shares.reserve(state.running.size());
  plan_decodes(state, step);
  plan_prompts(state, step);
  admit(state, step, input.now_us, ended);
  plan_drafts(state, step, input);

  Batch batch = write_batch(state, std::move(step));
  batch.ended = std::move(ended);
  state.in_step = !batch.task.empty();
  return batch;
}

}  // namespace mr::sched
