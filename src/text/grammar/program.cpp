#include "text/grammar/program.h"

#include <algorithm>

namespace mr::text::grammar {
namespace {

/// Facts about a network that take a look at all of it.
struct Facts {
  std::vector<std::uint8_t> lives;     ///< by state: a way leads to the end of its rule
  std::vector<std::uint8_t> yields;    ///< by rule: something matches it
  std::vector<std::uint8_t> vanishes;  ///< by rule: nothing at all matches it too
};

/// Who must be looked at again when a state or a rule turns out to lead to an end.
struct Users {
  std::vector<std::vector<State>> before;   ///< by state: those with an edge to it
  std::vector<std::vector<State>> callers;  ///< by rule: the states that call it
};

Users users_of(const Network& net) {
  Users users{.before = std::vector<std::vector<State>>(net.edges.size()),
              .callers = std::vector<std::vector<State>>(net.rules.size())};
  for (State from = 0; from < net.edges.size(); ++from) {
    for (const Edge& edge : net.edges[from]) {
      users.before[edge.to].push_back(from);
      if (edge.kind == EdgeKind::call) users.callers[edge.argument].push_back(from);
    }
  }
  return users;
}

/// Marks the states from which edges that `counts` takes lead to the end of their rule, and the
/// rules whose first state is one.
template <typename Counts>
void spread(const Network& net, const Users& users, std::vector<std::uint8_t>& states,
            std::vector<std::uint8_t>& rules, const Counts& counts) {
  states.assign(net.edges.size(), 0);
  rules.assign(net.rules.size(), 0);
  std::vector<std::vector<RuleId>> entered(net.edges.size());
  std::vector<State> work;
  const auto mark = [&](State state) {
    if (std::exchange(states[state], 1) == 0) work.push_back(state);
  };
  const auto look = [&](State state) {
    for (const Edge& edge : net.edges[state]) {
      const bool open = edge.kind != EdgeKind::call || rules[edge.argument] != 0;
      if (open && counts(edge) && states[edge.to] != 0) return mark(state);
    }
  };
  for (RuleId rule = 0; rule < net.rules.size(); ++rule) {
    entered[net.rules[rule].enter].push_back(rule);
    mark(net.rules[rule].leave);
  }
  while (!work.empty()) {
    const State state = work.back();
    work.pop_back();
    for (const RuleId rule : entered[state]) {
      rules[rule] = 1;
      for (const State caller : users.callers[rule]) look(caller);
    }
    for (const State before : users.before[state]) look(before);
  }
}

Facts facts_of(const Network& net) {
  Facts facts;
  const Users users = users_of(net);
  spread(net, users, facts.lives, facts.yields, [](const Edge&) { return true; });
  std::vector<std::uint8_t> states;
  spread(net, users, states, facts.vanishes, [](const Edge& edge) {
    return edge.kind == EdgeKind::free || edge.kind == EdgeKind::call;
  });
  return facts;
}

bool is_kept(const Facts& facts, const Edge& edge) {
  return facts.lives[edge.to] != 0 &&
         (edge.kind != EdgeKind::call || facts.yields[edge.argument] != 0);
}

/// The rules that may be called before a rule has matched a byte.
std::vector<RuleId> first_calls(const Network& net, const Facts& facts, RuleId rule,
                                std::vector<std::uint32_t>& seen) {
  std::vector<RuleId> calls;
  std::vector<State> work{net.rules[rule].enter};
  while (!work.empty()) {
    const State state = work.back();
    work.pop_back();
    if (std::exchange(seen[state], rule + 1) == rule + 1) continue;
    for (const Edge& edge : net.edges[state]) {
      if (!is_kept(facts, edge)) continue;
      if (edge.kind == EdgeKind::call) calls.push_back(edge.argument);
      const bool passes = edge.kind == EdgeKind::free ||
                          (edge.kind == EdgeKind::call && facts.vanishes[edge.argument] != 0);
      if (passes) work.push_back(edge.to);
    }
  }
  return calls;
}

/// Whether some rule can call itself before it has matched a byte.
bool recurs_left(const Network& net, const Facts& facts) {
  std::vector<std::uint32_t> seen(net.edges.size());
  std::vector<std::vector<RuleId>> calls;
  for (RuleId rule = 0; rule < net.rules.size(); ++rule) {
    calls.push_back(first_calls(net, facts, rule, seen));
  }
  // Takes away rules that call nothing more; what cannot be taken away is in a circle.
  std::vector<std::size_t> left(calls.size());
  std::vector<std::vector<RuleId>> callers(calls.size());
  std::vector<RuleId> work;
  for (RuleId rule = 0; rule < calls.size(); ++rule) {
    left[rule] = calls[rule].size();
    if (left[rule] == 0) work.push_back(rule);
    for (const RuleId called : calls[rule]) callers[called].push_back(rule);
  }
  std::size_t n_gone = 0;
  while (!work.empty()) {
    const RuleId rule = work.back();
    work.pop_back();
    ++n_gone;
    for (const RuleId caller : callers[rule]) {
      if (--left[caller] == 0) work.push_back(caller);
    }
  }
  return n_gone < calls.size();
}

/// Sorts bytes into kinds that no edge tells apart.
void sort_bytes(Program& program) {
  std::array<bool, 257> cut{};
  for (const Edge& edge : program.edges) {
    if (edge.kind != EdgeKind::bytes) continue;
    cut[edge.first] = true;
    cut[std::size_t{edge.last} + 1] = true;
  }
  for (std::size_t byte = 0; byte < program.kind.size(); ++byte) {
    if (byte == 0 || cut[byte]) program.sample.push_back(static_cast<std::uint8_t>(byte));
    program.kind[byte] = static_cast<std::uint8_t>(program.sample.size() - 1);
  }
}

}  // namespace

std::size_t bytes_of(const Program& program) {
  return program.begin.size() * sizeof(std::uint32_t) + program.edges.size() * sizeof(Edge) +
         program.ends.size() + program.enter.size() * sizeof(State) + sizeof(Program);
}

Error over_limit(const Meter& meter) {
  const std::string what = meter.late ? std::to_string(meter.limits.compile_s) + " s"
                                      : std::to_string(meter.limits.compile_bytes >> 20) + " MiB";
  return {Fault::bad_request, "the grammar is too large: it takes more than " + what};
}

Expected<Program> finish(Network net) {
  if (is_over(*net.meter)) return tl::unexpected<Error>(over_limit(*net.meter));
  const Facts facts = facts_of(net);
  if (facts.yields[net.root] == 0) return fail(Fault::bad_request, "nothing can match it");
  if (recurs_left(net, facts)) {
    return fail(Fault::bad_request, "a rule begins with itself (left recursion)");
  }
  Program program;
  program.ends.resize(net.edges.size());
  for (const Network::Rule& rule : net.rules) {
    program.ends[rule.leave] = 1;
    program.enter.push_back(rule.enter);
  }
  program.start = program.enter[net.root];
  for (const std::vector<Edge>& edges : net.edges) {
    program.begin.push_back(static_cast<std::uint32_t>(program.edges.size()));
    for (const Edge& edge : edges) {
      if (is_kept(facts, edge)) program.edges.push_back(edge);
    }
  }
  program.begin.push_back(static_cast<std::uint32_t>(program.edges.size()));
  sort_bytes(program);
  if (!take(*net.meter, bytes_of(program))) return tl::unexpected<Error>(over_limit(*net.meter));
  return program;
}

}  // namespace mr::text::grammar
