#include <algorithm>
#include <unordered_set>

#include "sched/step.h"

namespace mr::sched {
namespace {

/// Waiting choices whose stored prefix is looked up anew in one plan.
constexpr std::size_t kRefreshed = 4;

/// Steps that all preempted choices together are let run before the next has its turn.
constexpr std::int64_t kTurnSteps = 96;

/// A choice that was preempted and has waited long enough goes before everything.
bool has_turn(const State& state, const Task& task) {
  return task.begun && state.step - task.phase_step >= state.limits.patience;
}

/// Which of two waiting choices begins first.
bool goes_before(const State& state, const Task& a, const Task& b, double now_us) {
  const bool a_turn = has_turn(state, a);
  const bool b_turn = has_turn(state, b);
  if (a_turn != b_turn) return a_turn;
  if (!a_turn && a.priority != b.priority) return a.priority > b.priority;
  if (a.begun != b.begun) return a.begun;
  if (a.begun)
    return a.phase_step != b.phase_step ? a.phase_step < b.phase_step : a.arrival < b.arrival;
  if (a.tenant != b.tenant) {
    const std::uint64_t a_rows = state.tenants[static_cast<std::size_t>(a.tenant)].n_rows;
    const std::uint64_t b_rows = state.tenants[static_cast<std::size_t>(b.tenant)].n_rows;
    return a_rows != b_rows ? a_rows < b_rows : a.tenant < b.tenant;
  }
  const bool a_presses = a.deadline_us - now_us < state.limits.pressing_us;
  const bool b_presses = b.deadline_us - now_us < state.limits.pressing_us;
  if (a_presses != b_presses) return a_presses;
  if (a_presses && a.deadline_us != b.deadline_us) return a.deadline_us < b.deadline_us;
  const std::int64_t long_ago = state.step - 4 * std::int64_t{state.limits.patience};
  const bool a_aged = a.phase_step < long_ago;
  const bool b_aged = b.phase_step < long_ago;
  if (a_aged != b_aged) return a_aged;
  if (!a_aged && a.n_stored != b.n_stored) return a.n_stored > b.n_stored;
  return a.arrival < b.arrival;
}

/// A name for the page that a sequence computes next, once `n_pages` stand; 0 where it is not
/// whole. Two of the same name are the same page but for a freak, which costs a short wait.
std::uint64_t next_page(const Task& task, std::int32_t n_pages) {
  const auto begin = static_cast<std::size_t>(n_pages) * kv::kPagePositions;
  if (begin + kv::kPagePositions > task.tokens.size()) return 0;
  return kv::hash(std::span(task.tokens).subspan(begin, kv::kPagePositions), task.salt + begin) | 1;
}

/// What admission keeps in mind while it lets choices begin.
struct Admission {
  std::unordered_set<std::uint64_t> pages;  ///< being computed by those that run
  std::unordered_set<TaskId> passed;        ///< not in this step
  std::int64_t n_expected = 0;              ///< pages that all that have begun may need
  std::int32_t n_window = 0;                ///< window pages promised to those that run
};

std::int64_t expected_pages(const State& state, const Task& task) {
  const auto n_tokens = static_cast<std::int32_t>(task.tokens.size());
  return kv::pages_for(std::min(task.n_max, n_tokens + state.limits.n_expected));
}

std::int32_t window_need(const State& state, const Task& task) {
  return kv::window_pages(state.tree.window,
                          std::max(state.limits.n_chunk, state.limits.n_draft + 1), task.n_max);
}

Admission look_around(const State& state) {
  Admission around;
  for (const TaskId id : state.running) {
    const Task& task = at(state, id);
    around.n_expected += expected_pages(state, task);
    around.n_window += window_need(state, task);
    if (n_to_compute(task) > 1) {
      around.pages.insert(next_page(task, task.seq.length / kv::kPagePositions));
    }
  }
  for (const TaskId id : state.waiting) {
    if (at(state, id).begun) around.n_expected += expected_pages(state, at(state, id));
  }
  around.pages.erase(0);
  return around;
}

TaskId next_to_begin(const State& state, const Admission& around, double now_us) {
  TaskId best = kNoTask;
  for (const TaskId id : state.waiting) {
    const Task& task = at(state, id);
    if (task.waits_for != kNoTask || around.passed.contains(id)) continue;
    if (best == kNoTask || goes_before(state, task, at(state, best), now_us)) best = id;
  }
  return best;
}

/// What the tree has of the first n tokens of a choice.
kv::Hit stored_prefix(const State& state, const Task& task, std::size_t n) {
  return match(state.tree, task.salt, std::span(task.tokens).first(task.fresh ? 0 : n));
}

/// Puts a choice on pages for all its tokens; false, and nothing taken, where there are not enough.
bool place(State& state, Step& step, TaskId id) {
  Task& task = at(state, id);
  const auto n_tokens = static_cast<std::int32_t>(task.tokens.size());
  // The last token is always computed, for its logits.
  kv::Hit hit = stored_prefix(state, task, task.tokens.size() - 1);
  while (true) {
    task.seq = start(state.tree, state.pool, task.salt, hit, task.priority);
    const kv::Slots slots = {.n_full = n_tokens, .n_window = hit.n_tokens + 1};
    if (reserve(task.seq, state.tree, state.pool, slots, step.work)) return true;
    stop(task.seq, state.tree, state.pool);
    if (hit.n_copied == 0) return false;
    // The page to copy from is one more that must stay; without it there may be room.
    const std::int32_t n_whole = hit.n_pages * kv::kPagePositions;
    hit = stored_prefix(state, task, static_cast<std::size_t>(n_whole));
  }
}

/// The choices that may be preempted so that `task` can begin, the first to go first; none where
/// all of them together would not make enough room.
std::vector<TaskId> victims_for(const State& state, const Task& task) {
  const bool turn = has_turn(state, task);
  const auto n_preempted = std::max<std::int64_t>(
      1, std::ranges::count_if(state.waiting, [&](TaskId id) { return at(state, id).begun; }));
  const std::int64_t least_run = std::max<std::int64_t>(1, kTurnSteps / n_preempted);
  std::vector<TaskId> victims;
  std::int64_t n_needed = kv::pages_for(static_cast<std::int32_t>(task.tokens.size()));
  std::int32_t n_window_needed = window_need(state, task);
  for (const TaskId id : state.running) {
    const Task& other = at(state, id);
    const bool fresh = static_cast<std::int32_t>(other.tokens.size()) == other.n_start;
    const bool may =
        turn ? state.step - other.phase_step >= least_run : other.priority < task.priority;
    if (!fresh && may) {
      victims.push_back(id);
    } else {
      n_needed += static_cast<std::int64_t>(other.seq.pages[0].size());
      n_window_needed += window_need(state, other);
    }
  }
  if (n_needed > n_pages(state.pool, kv::Kind::full) ||
      n_window_needed > n_pages(state.pool, kv::Kind::window)) {
    return {};
  }
  std::ranges::sort(victims, [&](TaskId a, TaskId b) {
    const Task& x = at(state, a);
    const Task& y = at(state, b);
    if (x.priority != y.priority) return x.priority < y.priority;
    return x.phase_step != y.phase_step ? x.phase_step > y.phase_step : x.arrival > y.arrival;
  });
  return victims;
}

/// Finds pages for a choice, by preemption where it has the right to it.
bool find_room(State& state, Step& step, TaskId id, Admission& around) {
  const auto fits = [&] {
    return around.n_window + window_need(state, at(state, id)) <=
               n_pages(state.pool, kv::Kind::window) &&
           place(state, step, id);
  };
  if (fits()) return true;
  for (const TaskId victim : victims_for(state, at(state, id))) {
    around.n_window -= window_need(state, at(state, victim));
    preempt(state, step, victim);
    if (fits()) return true;
  }
  return false;
}

/// Why the tree gave no more of a prompt that begins; its pages count as computed from now on.
Miss find_miss(State& state, const Task& task, const kv::Hit& hit) {
  const std::span<const Token> prompt =
      std::span(task.tokens).first(static_cast<std::size_t>(task.n_prompt));
  const auto n_pages = static_cast<std::size_t>(hit.n_pages);
  std::uint64_t name = task.salt;
  bool known = false;
  for (std::size_t page = 0; (page + 1) * kv::kPagePositions <= prompt.size(); ++page) {
    name = kv::hash(prompt.subspan(page * kv::kPagePositions, kv::kPagePositions), name);
    if (page == n_pages) known = knows(state.known, name);
    add(state.known, name);
  }
  if (task.fresh) return Miss::asked;
  if (task.n_cached + 1 >= task.n_prompt) return Miss::none;
  if (known) return Miss::evicted;
  if (task.n_cached == 0 && !hit.diverges) return Miss::first;
  return hit.diverges ? Miss::diverges : Miss::ends;
}

/// A choice that has its pages begins.
void begin(State& state, Step& step, TaskId id, const kv::Hit& hit, Admission& around) {
  Task& task = at(state, id);
  if (!task.begun) {
    around.n_expected += expected_pages(state, task);
    task.n_cached = task.seq.length;
    task.miss = find_miss(state, task, hit);
  }
  around.n_window += window_need(state, task);
  std::erase(state.waiting, id);
  state.running.push_back(id);
  task.phase = Phase::running;
  task.phase_step = state.step;
  task.begun = true;
  task.n_start = static_cast<std::int32_t>(task.tokens.size());
  if (n_to_compute(task) > 1) {
    around.pages.insert(next_page(task, task.seq.length / kv::kPagePositions));
    around.pages.erase(0);
  }
  const bool added = add_chunk(state, step, id);
  MR_CHECK(added);
}

/// Looks a few of the waiting up in the tree again, in turn.
void refresh(State& state) {
  for (std::size_t i = 0; i < std::min(kRefreshed, state.waiting.size()); ++i) {
    state.n_refreshed = (state.n_refreshed + 1) % state.waiting.size();
    Task& task = at(state, state.waiting[state.n_refreshed]);
    task.n_stored = stored_prefix(state, task, task.tokens.size() - 1).n_tokens;
  }
}

}  // namespace

void admit(State& state, Step& step, double now_us, std::vector<Ended>& ended) {
  const auto n_most = static_cast<std::size_t>(state.limits.n_running);
  if (state.waiting.empty() || state.running.size() >= n_most || step.n_rows >= step.most) return;
  refresh(state);
  Admission around = look_around(state);
  const std::int64_t n_allowed =
      std::int64_t{state.limits.overcommit} * n_pages(state.pool, kv::Kind::full);
  while (state.running.size() < n_most && step.n_rows < step.most) {
    const TaskId id = next_to_begin(state, around, now_us);
    if (id == kNoTask) return;
    Task& task = at(state, id);
    const kv::Hit hit = stored_prefix(state, task, task.tokens.size() - 1);
    task.n_stored = hit.n_tokens;
    if (!has_turn(state, task) && around.pages.contains(next_page(task, hit.n_pages))) {
      around.passed.insert(id);  // another is computing just what it needs
      continue;
    }
    const bool alone = state.running.empty();
    if (!alone && !task.begun && around.n_expected + expected_pages(state, task) > n_allowed) {
      return;
    }
    if (find_room(state, step, id, around)) {
      begin(state, step, id, hit, around);
      continue;
    }
    if (!alone) return;
    ended.push_back({task.request, task.choice, Reason::no_memory});
    end(state, id);
  }
}

}  // namespace mr::sched
