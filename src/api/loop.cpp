#include "api/loop.h"

#include <chrono>

#include "base/log.h"

namespace mr::api {
namespace {

double now_us() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(since).count();
}

/// About what an event takes of memory.
std::size_t bytes_of(const engine::Event& event) {
  std::size_t n = sizeof(Arrival) + event.tokens.size() * sizeof(std::int32_t);
  for (const auto* list : {&event.logprobs, &event.prompt_logprobs}) {
    for (const sample::Logprobs& one : *list) {
      n += sizeof one + one.top.size() * sizeof(sample::Logprob);
    }
  }
  return n;
}

/// False where the box is full.
bool put(Mailbox& box, Arrival arrival) {
  bool was_empty = false;
  {
    const std::lock_guard lock(box.mutex);
    was_empty = box.arrivals.empty();
    const std::size_t n_bytes = bytes_of(arrival.event);
    if (!was_empty && !arrival.error && box.n_bytes + n_bytes > box.max_bytes) return false;
    box.n_bytes += n_bytes;
    box.arrivals.push_back(std::move(arrival));
  }
  if (was_empty) box.wake();
  return true;
}

void begin(Loop& loop, Loop::Submitted&& submitted) {
  const std::int32_t n_choices = submitted.request.n_choices;
  const auto id = engine::submit(*loop.engine, std::move(submitted.request));
  if (!id) {
    put(*submitted.box, {.ticket = submitted.ticket, .error = id.error()});
    return;
  }
  loop.ids[submitted.ticket] = *id;
  loop.open[*id] = {submitted.ticket, std::move(submitted.box), n_choices};
}

void forget(Loop& loop, sched::RequestId id) {
  loop.ids.erase(loop.open.at(id).ticket);
  loop.open.erase(id);
}

void end(Loop& loop, const Loop::Cancelled& cancelled) {
  const auto found = loop.ids.find(cancelled.ticket);
  if (found == loop.ids.end()) return;
  const sched::RequestId id = found->second;
  engine::cancel(*loop.engine, id, cancelled.choice);
  const auto left = loop.engine->asked.find(id);
  if (left == loop.engine->asked.end()) {
    forget(loop, id);
  } else {
    loop.open.at(id).n_open = left->second.n_open;
  }
}

/// Gives the events of a step to whom they belong.
void publish(Loop& loop, std::vector<engine::Event>&& events) {
  for (engine::Event& event : events) {
    const auto found = loop.open.find(event.request);
    if (found == loop.open.end()) continue;
    Loop::Open& open = found->second;
    const bool last = event.ended && --open.n_open == 0;
    const sched::RequestId id = event.request;
    if (put(*open.box, {.ticket = open.ticket, .event = std::move(event)})) {
      if (last) forget(loop, id);
      continue;
    }
    put(*open.box,
        {.ticket = open.ticket, .error = Error{Fault::failed, "the answer was not read in time"}});
    engine::cancel(*loop.engine, id);
    forget(loop, id);
  }
}

void end(Loop& loop, const Loop::AllEnded& ended) {
  for (auto& [id, open] : loop.open) {
    put(*open.box, {.ticket = open.ticket, .error = ended.error});
    if (loop.engine) engine::cancel(*loop.engine, id);
  }
  loop.open.clear();
  loop.ids.clear();
}

/// A step was lost: all that was under way ends, and a new engine takes over.
void start_over(Loop& loop, const Error& error) {
  log::say(log::Level::error, "a step failed: %s", error.message.c_str());
  loop.engine.reset();
  end(loop, Loop::AllEnded{error});
  auto engine = engine::make_engine(*loop.model, loop.options);
  if (engine) {
    loop.engine = std::move(*engine);
  } else {
    log::say(log::Level::error, "no new engine: %s", engine.error().message.c_str());
  }
}

Gauges measure(const Loop& loop, std::int64_t n_failures) {
  if (!loop.engine) return {.n_failures = n_failures};
  const sched::State& state = loop.engine->state;
  Gauges out{.counts = loop.engine->counts,
             .n_running = static_cast<std::int32_t>(state.running.size()),
             .n_waiting = static_cast<std::int32_t>(state.waiting.size()),
             .n_preempted = state.n_preempted,
             .n_failures = n_failures};
  for (std::size_t i = 0; i < kv::kKinds; ++i) {
    const auto kind = static_cast<kv::Kind>(i);
    out.pages[i] = {.n = kv::n_pages(state.pool, kind),
                    .n_free = kv::n_free(state.pool, kind),
                    .n_stored = state.tree.n_pages[i],
                    .n_idle = kv::n_evictable(state.tree, state.pool, kind)};
  }
  const spec::Portfolio& portfolio = loop.engine->portfolio;
  for (std::size_t i = 0; i < portfolio.proposers.size(); ++i) {
    out.proposers.push_back({portfolio.proposers[i].method->name, portfolio.tally[i]});
  }
  return out;
}

/// What others have asked for; waits where there is nothing else to do. False: the end.
bool take_in(Loop& loop) {
  std::vector<Loop::Command> inbox;
  {
    std::unique_lock lock(loop.mutex);
    loop.work.wait(lock, [&] {
      return loop.stopping || !loop.inbox.empty() || (loop.engine && engine::busy(*loop.engine));
    });
    if (loop.stopping) return false;
    inbox.swap(loop.inbox);
  }
  for (auto& item : inbox) {
    auto* submitted = std::get_if<Loop::Submitted>(&item);
    if (submitted != nullptr && loop.engine) {
      begin(loop, std::move(*submitted));
    } else if (submitted != nullptr) {
      put(*submitted->box,
          {.ticket = submitted->ticket, .error = Error{Fault::failed, "the engine has failed"}});
    } else if (const auto* all = std::get_if<Loop::AllEnded>(&item)) {
      end(loop, *all);
    } else if (loop.engine) {
      end(loop, std::get<Loop::Cancelled>(item));
    }
  }
  return true;
}

void run(Loop& loop) {
  std::int64_t n_failures = 0;
  while (take_in(loop)) {
    if (loop.engine && engine::busy(*loop.engine)) {
      const engine::Counts before = loop.engine->counts;
      const double begun_us = now_us();
      auto events = engine::step(*loop.engine, begun_us);
      if (events) {
        const double took_s = (now_us() - begun_us) * 1e-6;
        publish(loop, std::move(*events));
        const std::lock_guard lock(loop.mutex);
        add_step(loop.figures, *loop.engine, before, loop.cost, took_s);
      } else {
        ++n_failures;
        start_over(loop, events.error());
      }
    }
    const Gauges measured = measure(loop, n_failures);
    const std::lock_guard lock(loop.mutex);
    loop.gauges = measured;
  }
}

void post(Loop& loop, Loop::Command item) {
  {
    const std::lock_guard lock(loop.mutex);
    if (loop.stopping) return;
    loop.inbox.push_back(std::move(item));
  }
  loop.work.notify_one();
}

}  // namespace

Loop::~Loop() {
  halt(*this);
}

void halt(Loop& loop) {
  {
    const std::lock_guard lock(loop.mutex);
    loop.stopping = true;
  }
  loop.work.notify_one();
  if (loop.thread.joinable()) loop.thread.join();
  loop.open.clear();
  loop.ids.clear();
  const std::lock_guard lock(loop.mutex);
  loop.inbox.clear();
}

std::vector<Arrival> take(Mailbox& box) {
  const std::lock_guard lock(box.mutex);
  box.n_bytes = 0;
  return std::exchange(box.arrivals, {});
}

Expected<std::unique_ptr<Loop>> start_loop(const model::Model& model,
                                           const engine::Options& options, const StepCost& cost) {
  auto loop = std::make_unique<Loop>();
  loop->model = &model;
  loop->options = options;
  loop->cost = cost;
  MR_TRY(loop->engine, engine::make_engine(model, options));
  loop->gauges = measure(*loop, 0);
  loop->thread = std::thread([self = loop.get()] { run(*self); });
  return loop;
}

Ticket submit(Loop& loop, engine::Submit request, std::shared_ptr<Mailbox> box) {
  const Ticket ticket = ++loop.last_ticket;
  post(loop, Loop::Submitted{ticket, std::move(request), std::move(box)});
  return ticket;
}

void cancel(Loop& loop, Ticket ticket, std::int32_t choice) {
  post(loop, Loop::Cancelled{ticket, choice});
}

void end_all(Loop& loop, Error error) {
  post(loop, Loop::AllEnded{std::move(error)});
}

Gauges gauges(Loop& loop) {
  const std::lock_guard lock(loop.mutex);
  return loop.gauges;
}

StepFigures figures(Loop& loop) {
  const std::lock_guard lock(loop.mutex);
  return loop.figures;
}

}  // namespace mr::api
