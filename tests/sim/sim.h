#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/rng.h"
#include "fake_model.h"
#include "kv/radix_check.h"
#include "sched/commit.h"
#include "sched/plan.h"

/// A server's life with random clients and the fake model.
namespace mr::sim {

struct Spec {
  std::uint64_t seed;
  std::int32_t n_pages;
  std::int32_t n_window_pages = 0;
  std::int32_t window = 0;
  std::int32_t n_requests = 1000;
  std::int32_t longest_prompt = 300;
  std::int32_t most_new = 60;
  std::int32_t most_waiting = 24;  ///< clients stop to send while so many choices wait
  double cancelled = 0.2;          ///< share of requests that are cancelled
  sched::Limits limits = {};
};

struct Choice {
  std::vector<Token> wanted;  ///< what the plain model gives
  std::vector<Token> got;
  bool over = false;
};

/// One request as its client sees it.
struct Client {
  sched::Request request;
  std::uint64_t seed;
  std::vector<Choice> choices;
  std::int64_t cancel_step;  ///< when the client goes away; -1: it stays
};

/// What happened, so that a test can see that it did.
struct Tally {
  std::int64_t n_steps = 0;
  std::int64_t n_rows = 0;
  std::int64_t n_done = 0;       ///< choices with their whole text
  std::int64_t n_refused = 0;    ///< requests the queue had no place for
  std::int64_t n_cancelled = 0;  ///< requests
  std::int64_t n_late = 0;       ///< choices past their deadline
  std::int64_t n_failed = 0;     ///< choices whose result was called bad
  std::int64_t n_preempted = 0;
  std::int64_t n_copies = 0;
  std::int64_t n_moves = 0;
  std::int64_t n_accepted = 0;  ///< draft tokens
  std::int64_t n_cached = 0;    ///< prompt tokens taken from the tree
  std::int64_t longest_stall = 0;
};

struct Sim {
  Spec spec;
  Rng rng;
  sched::State state;
  Memory memory;
  sched::CostTable cost;
  std::map<sched::RequestId, Client> clients;
  std::vector<std::pair<kv::Salt, std::vector<Token>>> past;  ///< prompts and conversations
  std::int32_t n_sent = 0;
  double now_us = 0;
  Tally tally;
  std::string error;  ///< the first thing that went wrong
};

inline constexpr std::int32_t kVocab = 300;
inline constexpr Token kStopToken = 0;

inline bool chance(Rng& rng, double p) {
  return unit(rng) < p;
}

inline std::int32_t up_to(Rng& rng, std::int32_t most) {
  return static_cast<std::int32_t>(below(rng, static_cast<std::uint64_t>(most) + 1));
}

inline void complain(Sim& sim, const std::string& what) {
  if (sim.error.empty()) {
    sim.error = what + " at step " + std::to_string(sim.tally.n_steps) + ", seed " +
                std::to_string(sim.spec.seed);
  }
}

inline Sim make_sim(const Spec& spec) {
  kv::Pool pool;
  const std::size_t n_pages = static_cast<std::size_t>(spec.n_pages);
  const std::size_t n_window = static_cast<std::size_t>(spec.n_window_pages);
  // Pages of a byte each: the share is rounded to 1/1024, so the budget is counted in those.
  pool = kv::make_pool({.budget_bytes = (n_pages + n_window) * 1024,
                        .full_page_bytes = 1024,
                        .window_page_bytes = n_window > 0 ? 1024U : 0U,
                        .window_share = static_cast<double>(n_window) /
                                        static_cast<double>(n_pages + n_window)})
             .value();
  sched::State state = make_state(spec.limits, pool, kv::make_tree(spec.window, spec.seed)).value();
  return {.spec = spec,
          .rng = {spec.seed},
          .state = std::move(state),
          .memory = make_memory(pool, spec.window),
          .cost = {{{1, 100}, {16, 110}, {64, 200}, {512, 1500}}},
          .clients = {},
          .past = {},
          .tally = {},
          .error = {}};
}

/// The text of each choice with the machine to itself.
inline void foresee(const Sim& sim, Client& client) {
  Plain prompt{.window = sim.spec.window, .cells = {}};
  for (const Token token : client.request.prompt) append(prompt, token);
  for (std::size_t i = 0; i < client.choices.size(); ++i) {
    Plain plain = prompt;
    std::vector<Token>& wanted = client.choices[i].wanted;
    while (static_cast<std::int32_t>(wanted.size()) < client.request.n_new) {
      wanted.push_back(draw(plain.cells.back(), sim.spec.window > 0, client.seed + i, kVocab));
      if (wanted.back() == kStopToken) break;
      append(plain, wanted.back());
    }
  }
}

/// A prompt that often begins like an earlier one, or goes on from a whole conversation.
inline std::vector<Token> invent_prompt(Sim& sim, kv::Salt salt) {
  std::vector<Token> prompt;
  if (!sim.past.empty() && chance(sim.rng, 0.7)) {
    const auto& [old_salt, tokens] = sim.past[below(sim.rng, sim.past.size())];
    if (old_salt == salt || chance(sim.rng, 0.3)) {
      prompt = tokens;
      if (chance(sim.rng, 0.6)) prompt.resize(below(sim.rng, prompt.size() + 1));
    }
  }
  const std::int32_t n_more = 1 + up_to(sim.rng, sim.spec.longest_prompt / 6);
  for (std::int32_t i = 0; i < n_more; ++i) {
    prompt.push_back(static_cast<Token>(below(sim.rng, kVocab)));
  }
  const auto longest = static_cast<std::size_t>(sim.spec.longest_prompt);
  if (prompt.size() > longest) prompt.resize(longest);
  return prompt;
}

inline void remember(Sim& sim, kv::Salt salt, std::vector<Token> tokens) {
  constexpr std::size_t kPast = 24;
  if (sim.past.size() < kPast) {
    sim.past.emplace_back(salt, std::move(tokens));
  } else {
    sim.past[below(sim.rng, kPast)] = {salt, std::move(tokens)};
  }
}

inline void send(Sim& sim) {
  Rng& rng = sim.rng;
  const std::uint64_t tenant = below(rng, 3);
  sched::Request request{
      .id = static_cast<sched::RequestId>(++sim.n_sent),
      .prompt = invent_prompt(sim, tenant % 2),
      .n_new = chance(rng, 0.03) ? 0 : 1 + up_to(rng, sim.spec.most_new - 1),
      .n_choices = chance(rng, 0.7) ? 1 : 1 + up_to(rng, 3),
      .tenant = tenant,
      .salt = tenant % 2,
      .priority = chance(rng, 0.7) ? 0 : up_to(rng, 4) - 2,
      .deadline_us = chance(rng, 0.95) ? sched::kNever : sim.now_us + 1000.0 * up_to(rng, 100),
      .all_logits = chance(rng, 0.02)};
  Client client{.request = request, .seed = next(rng), .choices = {}, .cancel_step = -1};
  client.choices.resize(static_cast<std::size_t>(request.n_choices));
  const auto sent = submit(sim.state, request);
  if (!sent) {
    if (sent.error().fault != Fault::does_not_fit) complain(sim, sent.error().message);
    ++sim.tally.n_refused;
    return;
  }
  foresee(sim, client);
  if (chance(rng, sim.spec.cancelled)) client.cancel_step = sim.tally.n_steps + up_to(rng, 40);
  remember(sim, request.salt, request.prompt);
  sim.clients.emplace(request.id, std::move(client));
}

/// Clients that go away, with everything or with one choice.
inline void cancel_some(Sim& sim) {
  for (auto next = sim.clients.begin(); next != sim.clients.end();) {
    auto& [id, client] = *next++;
    if (client.cancel_step < 0 || client.cancel_step > sim.tally.n_steps) continue;
    client.cancel_step = -1;
    if (client.choices.size() > 1 && chance(sim.rng, 0.3)) {
      const std::size_t choice = below(sim.rng, client.choices.size());
      cancel(sim.state, id, static_cast<std::int32_t>(choice));
      client.choices[choice].over = true;
      const bool all = std::ranges::all_of(client.choices, &Choice::over);
      if (all) sim.clients.erase(id);
      continue;
    }
    cancel(sim.state, id);
    ++sim.tally.n_cancelled;
    sim.clients.erase(id);
  }
}

/// Offers trees around the text that is to come.
inline void propose(Sim& sim) {
  for (const sched::TaskId id : decoding(sim.state)) {
    if (!chance(sim.rng, 0.6)) continue;
    const sched::Task& task = at(sim.state, id);
    const auto client = sim.clients.find(task.request);
    if (client == sim.clients.end()) continue;
    const std::vector<Token>& wanted =
        client->second.choices[static_cast<std::size_t>(task.choice)].wanted;
    const auto n_got =
        static_cast<std::size_t>(task.tokens.size()) - static_cast<std::size_t>(task.n_prompt);
    spec::Draft draft = spec::make_draft(task.tokens.back());
    const std::int32_t n_tried = up_to(sim.rng, 12);
    for (std::int32_t i = 0; i < n_tried; ++i) {
      const auto parent = static_cast<std::int32_t>(
          chance(sim.rng, 0.6) ? static_cast<std::uint64_t>(n_nodes(draft) - 1)
                               : below(sim.rng, static_cast<std::uint64_t>(n_nodes(draft))));
      const auto depth = static_cast<std::size_t>(draft.depth[static_cast<std::size_t>(parent)]);
      const bool right = n_got + depth < wanted.size() && chance(sim.rng, 0.7);
      const Token token =
          right ? wanted[n_got + depth] : static_cast<Token>(below(sim.rng, kVocab));
      add(draft, parent, token, static_cast<float>(unit(sim.rng)));
    }
    offer(sim.state, id, std::move(draft));
  }
}

/// Draws along the drafts, as the engine does.
inline sched::Results verify(Sim& sim, const sched::Batch& batch, const std::vector<Cell>& cells) {
  sched::Results results;
  for (std::size_t i = 0; i < batch.task.size(); ++i) {
    sched::Verdict verdict = sched::Verdict::go_on;
    const std::int32_t n_logits = batch.logit_begin[i + 1] - batch.logit_begin[i];
    const sched::Task& task = at(sim.state, batch.task[i]);
    const auto client = sim.clients.find(batch.request[i]);
    const bool gone = client == sim.clients.end();
    if (n_logits > 0 && chance(sim.rng, 0.0005)) {
      verdict = sched::Verdict::failed;
    } else if (task.seq.length + batch.row_begin[i + 1] - batch.row_begin[i] <
               static_cast<std::int32_t>(task.tokens.size())) {
      // The prompt goes on.
    } else if (task.n_max > task.n_prompt && !gone) {
      const std::uint64_t seed = client->second.seed + static_cast<std::uint64_t>(batch.choice[i]);
      std::int32_t node = batch.draft[i].token.empty() ? n_logits - 1 : 0;
      do {
        const Cell& cell = cells.at(static_cast<std::size_t>(batch.logit_begin[i] + node));
        const Token token = draw(cell, sim.spec.window > 0, seed, kVocab);
        results.token.push_back(token);
        if (token == kStopToken) verdict = sched::Verdict::stop;
        node = batch.draft[i].token.empty() ? -1 : child(batch.draft[i], node, token);
      } while (node >= 0 && verdict == sched::Verdict::go_on);
    }
    results.token_begin.push_back(static_cast<std::int32_t>(results.token.size()));
    results.verdict.push_back(verdict);
  }
  return results;
}

/// Hands the tokens out and holds them against the plain text.
inline void publish(Sim& sim, const sched::Batch& batch, const sched::Results& results) {
  for (std::size_t i = 0; i < batch.task.size(); ++i) {
    const auto client = sim.clients.find(batch.request[i]);
    if (client == sim.clients.end() || results.verdict[i] == sched::Verdict::failed) continue;
    Choice& choice = client->second.choices[static_cast<std::size_t>(batch.choice[i])];
    const auto begin = results.token.begin() + results.token_begin[i];
    const auto end = results.token.begin() + results.token_begin[i + 1];
    choice.got.insert(choice.got.end(), begin, end);
    if (end - begin > 1) sim.tally.n_accepted += end - begin - 1;
    if (choice.got.size() > choice.wanted.size() ||
        !std::equal(choice.got.begin(), choice.got.end(), choice.wanted.begin())) {
      complain(sim, "request " + std::to_string(batch.request[i]) + " got another text");
    }
  }
}

inline void note_ends(Sim& sim, const std::vector<sched::Ended>& ended) {
  for (const sched::Ended& end : ended) {
    const auto client = sim.clients.find(end.request);
    if (client == sim.clients.end()) {
      complain(sim, "the end of a request that is over");
      return;
    }
    Choice& choice = client->second.choices[static_cast<std::size_t>(end.choice)];
    if (choice.over) complain(sim, "a choice that ended twice");
    choice.over = true;
    switch (end.reason) {
      case sched::Reason::deadline:
        ++sim.tally.n_late;
        break;
      case sched::Reason::failed:
        ++sim.tally.n_failed;
        break;
      case sched::Reason::no_memory:
        complain(sim, "no memory for a request alone");
        break;
      case sched::Reason::stopped:
      case sched::Reason::length:
        ++sim.tally.n_done;
        if (choice.got != choice.wanted) complain(sim, "a text that is not all there");
        std::vector<Token> said = client->second.request.prompt;
        said.insert(said.end(), choice.got.begin(), choice.got.end());
        remember(sim, client->second.request.salt, std::move(said));
        break;
    }
    if (std::ranges::all_of(client->second.choices, &Choice::over)) sim.clients.erase(client);
  }
}

/// Pages, counts, and the progress of everything that has begun.
inline void check_pages(Sim& sim) {
  const sched::State& state = sim.state;
  kv::Owners owners = kv::no_owners(state.pool);
  for (const sched::TaskId id : state.running) {
    const sched::Task& task = at(state, id);
    if (task.phase != sched::Phase::running) complain(sim, "a running choice in another phase");
    for (std::size_t kind = 0; kind < kv::kKinds; ++kind) {
      for (const kv::PageId page : task.seq.pages[kind]) {
        add_owner(owners, static_cast<kv::Kind>(kind), page);
      }
      add_owner(owners, static_cast<kv::Kind>(kind), task.seq.copy_from[kind]);
    }
    std::vector<kv::PageId> full;
    std::vector<kv::PageId> window;
    collect(state.tree, task.seq.node, full, window);
    const auto n_shared = static_cast<std::size_t>(task.seq.n_shared);
    if (full.size() != n_shared || n_shared > task.seq.pages[0].size() ||
        !std::equal(full.begin(), full.end(), task.seq.pages[0].begin())) {
      complain(sim, "shared pages that are not the tree's");
    }
    if (!state.in_step && (task.seq.copy_from[0] != kv::kNoPage ||
                           static_cast<std::int32_t>(task.seq.pages[0].size()) >
                               kv::pages_for(static_cast<std::int32_t>(task.tokens.size())))) {
      complain(sim, "pages kept behind the step that needed them");
    }
    if (!task.in_step && task.seq.n_shared != task.seq.length / kv::kPagePositions) {
      complain(sim, "whole pages outside the tree");
    }
  }
  std::string what = broken(state.tree, static_cast<std::int32_t>(state.running.size()), owners);
  if (what.empty()) what = broken(state.pool, owners);
  if (!what.empty()) complain(sim, what);

  for (const auto* list : {&state.running, &state.waiting}) {
    for (const sched::TaskId id : *list) {
      const sched::Task& task = at(state, id);
      if (!task.begun) continue;
      sim.tally.longest_stall = std::max(sim.tally.longest_stall, state.step - task.progress_step);
    }
  }
}

/// Each page that rows of the step go to belongs to one sequence, behind what it shares.
inline void check_writers(Sim& sim, const sched::Batch& batch) {
  const sched::State& state = sim.state;
  std::array<std::vector<std::int32_t>, kv::kKinds> writer;
  for (std::size_t kind = 0; kind < (sim.spec.window > 0 ? 2U : 1U); ++kind) {
    writer[kind].assign(state.pool.kinds[kind].users.size(), -1);
    for (std::size_t row = 0; row < batch.token.size(); ++row) {
      const auto line = static_cast<std::size_t>(batch.seq[row] * batch.max_pages);
      const std::int32_t index = batch.slot[row] / kv::kPagePositions;
      const kv::PageId page = batch.pages[kind].at(line + static_cast<std::size_t>(index));
      std::int32_t& known = writer[kind].at(static_cast<std::size_t>(page));
      if (known >= 0 && known != batch.seq[row]) complain(sim, "a page with two writers");
      known = batch.seq[row];
      const sched::TaskId id = batch.task[static_cast<std::size_t>(batch.seq[row])];
      if (index < at(state, id).seq.n_shared) {
        complain(sim, "a shared page is written");
      }
    }
  }
}

/// The committed slots of one running choice hold what the plain model has at their positions.
inline void check_slots(Sim& sim) {
  if (sim.state.running.empty()) return;
  const sched::TaskId id = sim.state.running[below(sim.rng, sim.state.running.size())];
  const sched::Task& task = at(sim.state, id);
  Plain plain{.window = sim.spec.window, .cells = {}};
  for (std::int32_t slot = 0; slot < task.seq.length; ++slot) {
    append(plain, task.tokens[static_cast<std::size_t>(slot)]);
    const auto page = static_cast<std::size_t>(slot / kv::kPagePositions);
    const auto row = static_cast<std::size_t>(slot % kv::kPagePositions);
    const auto read = [&](std::size_t kind) {
      const auto base = static_cast<std::size_t>(task.seq.pages[kind][page]);
      return sim.memory.slots[kind].at(base * kv::kPagePositions + row);
    };
    if (read(0) != plain.cells.back().full) complain(sim, "a slot that is not its position");
    if (sim.spec.window > 0 && slot >= task.seq.length - sim.spec.window &&
        read(1) != plain.cells.back().window) {
      complain(sim, "a window slot that is not its position");
    }
  }
}

inline std::int64_t n_begun(const sched::State& state) {
  return std::ranges::count_if(state.waiting,
                               [&](sched::TaskId id) { return at(state, id).begun; });
}

/// One step of the server, with everything checked.
inline void step(Sim& sim) {
  ++sim.tally.n_steps;
  sim.now_us += 500;
  while (sim.n_sent < sim.spec.n_requests &&
         static_cast<std::int32_t>(sim.state.waiting.size()) < sim.spec.most_waiting &&
         chance(sim.rng, 0.5)) {
    send(sim);
  }
  cancel_some(sim);
  propose(sim);
  const std::int64_t waited = n_begun(sim.state);
  const double rate = chance(sim.rng, 0.5) ? 0.0 : 0.01;
  sched::Batch batch =
      plan(sim.state, {.now_us = sim.now_us, .cost = sim.cost, .tokens_per_us = rate});
  sim.tally.n_preempted += std::max<std::int64_t>(0, n_begun(sim.state) - waited);
  note_ends(sim, batch.ended);
  check_writers(sim, batch);
  if (sim.tally.n_steps % 8 == 0) check_pages(sim);  // in the middle of a step
  if (batch.task.empty()) return;

  do_work(sim.memory, batch.work);
  if (n_dirty(sim.memory, batch) > 0) complain(sim, "slots that were not zeroed");
  const std::vector<Cell> cells = forward(sim.memory, batch);
  sim.tally.n_rows += static_cast<std::int64_t>(batch.token.size());
  sim.tally.n_copies += static_cast<std::int64_t>(batch.work[0].copy_from.size());
  for (std::size_t i = 0; i < batch.task.size(); ++i) {
    const sched::Task& task = at(sim.state, batch.task[i]);
    if (task.n_start == task.n_prompt && task.phase_step == sim.state.step) {
      sim.tally.n_cached += task.n_cached;
    }
  }
  const sched::Results results = verify(sim, batch, cells);
  if (chance(sim.rng, 0.2)) cancel_some(sim);
  publish(sim, batch, results);
  const sched::Settle settle = commit(sim.state, batch, results);
  do_settle(sim.memory, batch, settle);
  sim.tally.n_moves += static_cast<std::int64_t>(settle.move_seq.size());
  note_ends(sim, settle.ended);
  check_pages(sim);
  if (sim.tally.n_steps % 16 == 0) check_slots(sim);
}

/// All requests to their end; then everything must be free.
inline Tally run(const Spec& spec, std::string& error) {
  Sim sim = make_sim(spec);
  try {
    while (sim.error.empty() && (sim.n_sent < spec.n_requests || !sim.clients.empty())) {
      step(sim);
      if (sim.tally.n_steps > 200 * std::int64_t{spec.n_requests} + 100000) {
        complain(sim, "it does not come to an end");
      }
    }
  } catch (const std::out_of_range& e) {
    complain(sim, e.what());
  }
  const sched::State& state = sim.state;
  if (sim.error.empty()) {
    if (!state.running.empty() || !state.waiting.empty() || !state.requests.empty()) {
      complain(sim, "choices that nobody waits for");
    }
    for (const sched::Tenant& tenant : state.tenants) {
      if (tenant.n_tasks != 0) complain(sim, "a tenant with choices");
    }
    for (const kv::Kind kind : {kv::Kind::full, kv::Kind::window}) {
      evict(sim.state.tree, sim.state.pool, kind, n_pages(sim.state.pool, kind));
      if (n_free(state.pool, kind) != n_pages(state.pool, kind)) complain(sim, "a lost page");
    }
    if (!state.tree.roots.empty()) complain(sim, "a tree that is not empty");
  }
  error = sim.error;
  return sim.tally;
}

}  // namespace mr::sim
