#include "sched/state.h"

#include <algorithm>
#include <string>
#include <utility>

namespace mr::sched {
namespace {

/// The entry of a tenant that is about to get a task. One that had none starts level with the
/// least served of those that have: absence earns nothing.
std::int32_t enter_tenant(State& state, std::uint64_t id) {
  std::size_t place = state.tenants.size();
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t i = 0; i < state.tenants.size(); ++i) {
    const Tenant& tenant = state.tenants[i];
    if (tenant.n_tasks > 0 && tenant.id == id) return static_cast<std::int32_t>(i);
    if (tenant.n_tasks > 0) least = std::min(least, tenant.n_rows);
    if (tenant.n_tasks == 0) place = std::min(place, i);
  }
  if (place == state.tenants.size()) state.tenants.emplace_back();
  const bool alone = least == std::numeric_limits<std::uint64_t>::max();
  state.tenants[place] = {.id = id, .n_tasks = 0, .n_rows = alone ? 0 : least};
  return static_cast<std::int32_t>(place);
}

TaskId new_task(State& state) {
  if (state.free_tasks.empty()) {
    state.tasks.emplace_back();
    return static_cast<TaskId>(state.tasks.size() - 1);
  }
  const TaskId id = state.free_tasks.back();
  state.free_tasks.pop_back();
  return id;
}

std::string number(std::int64_t n) {
  return std::to_string(n);
}

Expected<void> check(const State& state, const Request& request) {
  const Limits& limits = state.limits;
  const auto refuse = [](std::string why) { return fail(Fault::bad_request, std::move(why)); };
  if (request.prompt.empty()) return refuse("the prompt has no tokens");
  if (request.n_new < 0) return refuse("fewer than 0 new tokens wanted");
  if (request.n_choices < 1 || request.n_choices > limits.n_choices) {
    return refuse(number(request.n_choices) + " choices wanted, 1 to " + number(limits.n_choices) +
                  " allowed");
  }
  const auto n_prompt = static_cast<std::int64_t>(request.prompt.size());
  const std::int64_t n_max = n_prompt + request.n_new;
  const std::string wanted =
      number(n_prompt) + " prompt tokens and " + number(request.n_new) + " new ones wanted, ";
  if (n_max > limits.n_context) {
    return refuse(wanted + "the context holds " + number(limits.n_context));
  }
  const std::int64_t n_slots =
      std::int64_t{kv::kPagePositions} * n_pages(state.pool, kv::Kind::full);
  if (n_max > n_slots) return refuse(wanted + "the KV cache holds " + number(n_slots));
  const std::int32_t n_window =
      kv::window_pages(state.tree.window, std::max(limits.n_chunk, limits.n_draft + 1),
                       static_cast<std::int32_t>(n_max));
  if (n_window > n_pages(state.pool, kv::Kind::window)) {
    return refuse(wanted + "for which " + number(n_window) + " window pages are needed of " +
                  number(n_pages(state.pool, kv::Kind::window)));
  }
  if (state.requests.contains(request.id)) {
    return refuse("request " + std::to_string(request.id) + " is under way already");
  }
  const auto n_new =
      std::ranges::count_if(state.waiting, [&](TaskId id) { return !at(state, id).begun; });
  if (n_new + request.n_choices > limits.n_waiting) {
    return fail(Fault::does_not_fit, "the queue is full: " + number(n_new) + " of " +
                                         number(limits.n_waiting) + " places taken, " +
                                         number(request.n_choices) + " wanted");
  }
  return {};
}

}  // namespace

Task& at(State& state, TaskId id) {
  return state.tasks[static_cast<std::size_t>(id)];
}

const Task& at(const State& state, TaskId id) {
  return state.tasks[static_cast<std::size_t>(id)];
}

Expected<State> make_state(const Limits& limits, kv::Pool pool, kv::RadixTree tree) {
  if (limits.n_rows < 2 || limits.n_running < 1 || limits.n_chunk < 1 || limits.n_draft < 0 ||
      limits.patience < 1 || limits.overcommit < 1 || limits.n_expected < 0) {
    return fail(Fault::bad_request, "a limit of the scheduler is below its least value");
  }
  if ((tree.window > 0) != (n_pages(pool, kv::Kind::window) > 0)) {
    return fail(Fault::bad_request, "window pages without a window, or the reverse");
  }
  State state;
  state.limits = limits;
  state.pool = std::move(pool);
  state.tree = std::move(tree);
  return state;
}

Expected<void> submit(State& state, Request request) {
  MR_TRY_VOID(check(state, request));
  const std::int32_t tenant = enter_tenant(state, request.tenant);
  const auto n_prompt = static_cast<std::int32_t>(request.prompt.size());
  const std::int32_t n_stored = match(state.tree, request.salt, request.prompt).n_tokens;
  std::vector<TaskId>& choices = state.requests[request.id];
  for (std::int32_t choice = 0; choice < request.n_choices; ++choice) {
    const TaskId id = new_task(state);
    at(state, id) = {.request = request.id,
                     .choice = choice,
                     .phase = Phase::waiting,
                     .all_logits = request.all_logits && choice == 0,
                     .fresh = (request.all_logits || request.fresh) && choice == 0,
                     .tenant = tenant,
                     .priority = request.priority,
                     .salt = request.salt,
                     .deadline_us = request.deadline_us,
                     .arrival = state.n_arrivals++,
                     .phase_step = state.step,
                     .waits_for = choice == 0 ? kNoTask : choices[0],
                     .n_prompt = n_prompt,
                     .n_max = n_prompt + request.n_new,
                     .n_stored = n_stored,
                     .tokens = request.prompt,
                     .seq = {},
                     .draft = {}};
    choices.push_back(id);
    state.waiting.push_back(id);
    ++state.tenants[static_cast<std::size_t>(tenant)].n_tasks;
  }
  state.next_deadline_us = std::min(state.next_deadline_us, request.deadline_us);
  return {};
}

void cancel(State& state, RequestId request, std::int32_t choice) {
  const auto found = state.requests.find(request);
  if (found == state.requests.end()) return;
  const std::vector<TaskId> choices = found->second;  // `end` may remove the entry
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choice != kAllChoices && static_cast<std::size_t>(choice) != i) continue;
    if (choices[i] == kNoTask) continue;
    if (at(state, choices[i]).in_step) {
      at(state, choices[i]).cancelled = true;
    } else {
      end(state, choices[i]);
    }
  }
}

std::vector<TaskId> decoding(const State& state) {
  std::vector<TaskId> ids;
  for (const TaskId id : state.running) {
    const Task& task = at(state, id);
    const auto n_tokens = static_cast<std::int32_t>(task.tokens.size());
    if (task.seq.length + 1 == n_tokens && n_tokens > task.n_prompt) ids.push_back(id);
  }
  return ids;
}

void offer(State& state, TaskId task, spec::Draft draft) {
  at(state, task).draft = std::move(draft);
}

void open_gate(State& state, TaskId id) {
  for (const TaskId sibling : state.requests.at(at(state, id).request)) {
    if (sibling != kNoTask && at(state, sibling).waits_for == id) {
      at(state, sibling).waits_for = kNoTask;
    }
  }
}

void end(State& state, TaskId id, bool bad) {
  Task& task = at(state, id);
  open_gate(state, id);
  if (task.phase == Phase::running && bad) {
    stop_bad(task.seq, state.tree, state.pool);
  } else if (task.phase == Phase::running) {
    store_tail(task.seq, state.tree, state.pool, task.tokens);
    stop(task.seq, state.tree, state.pool);
  }
  std::erase(task.phase == Phase::running ? state.running : state.waiting, id);
  --state.tenants[static_cast<std::size_t>(task.tenant)].n_tasks;
  std::vector<TaskId>& choices = state.requests.at(task.request);
  choices[static_cast<std::size_t>(task.choice)] = kNoTask;
  if (std::ranges::all_of(choices, [](TaskId other) { return other == kNoTask; })) {
    state.requests.erase(task.request);
  }
  task = {};
  state.free_tasks.push_back(id);
}

}  // namespace mr::sched
