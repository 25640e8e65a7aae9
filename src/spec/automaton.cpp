#include "spec/automaton.h"

#include <algorithm>
#include <queue>

namespace mr::spec {
namespace {

constexpr std::int32_t kCountedLinks = 64;

Automaton::Point& at(Automaton& automaton, std::int32_t state) {
  return automaton.points[static_cast<std::size_t>(state)];
}

const Automaton::Point& at(const Automaton& automaton, std::int32_t state) {
  return automaton.points[static_cast<std::size_t>(state)];
}

std::int32_t next_of(const Automaton::Point& point, std::int32_t token) {
  for (const auto& [known, state] : point.next) {
    if (known == token) return state;
  }
  return -1;
}

void set_next(Automaton::Point& point, std::int32_t token, std::int32_t state) {
  for (auto& [known, to] : point.next) {
    if (known != token) continue;
    to = state;
    return;
  }
  point.next.emplace_back(token, state);
}

std::int32_t push(Automaton& automaton, Automaton::Point point) {
  automaton.points.push_back(std::move(point));
  return static_cast<std::int32_t>(automaton.points.size()) - 1;
}

/// Splits the state that `from` leads to by `token`: the runs that are one longer than those of
/// `from` get a state of their own, since they now end in more places.
std::int32_t split(Automaton& automaton, std::int32_t from, std::int32_t token,
                   std::int32_t state) {
  Automaton::Point copy = at(automaton, state);
  copy.length = at(automaton, from).length + 1;
  const std::int32_t clone = push(automaton, std::move(copy));
  at(automaton, state).link = clone;
  for (std::int32_t up = from; up >= 0 && next_of(at(automaton, up), token) == state;
       up = at(automaton, up).link) {
    set_next(at(automaton, up), token, clone);
  }
  return clone;
}

/// The state itself, or the one that a shorter run belongs to since the state was split.
std::int32_t settled(const Automaton& automaton, const Match& match) {
  std::int32_t state = match.state;
  while (state > 0 && at(automaton, at(automaton, state).link).length >= match.length) {
    state = at(automaton, state).link;
  }
  return state;
}

}  // namespace

Automaton make_automaton() {
  Automaton automaton;
  automaton.points.emplace_back();
  return automaton;
}

void extend(Automaton& automaton, std::int32_t token) {
  const std::int32_t before = automaton.last;
  const std::int32_t state =
      push(automaton, {.next = {}, .link = 0, .length = at(automaton, before).length + 1});
  automaton.last = state;
  std::int32_t up = before;
  std::int32_t there = -1;
  for (; up >= 0; up = at(automaton, up).link) {
    there = next_of(at(automaton, up), token);
    if (there >= 0) break;
    at(automaton, up).next.emplace_back(token, state);
  }
  if (up >= 0) {
    const bool whole = at(automaton, there).length == at(automaton, up).length + 1;
    const std::int32_t link = whole ? there : split(automaton, up, token, there);
    at(automaton, state).link = link;
  }
  std::int32_t counted = state;
  for (std::int32_t i = 0; i < kCountedLinks && counted > 0; ++i) {
    ++at(automaton, counted).n_places;
    counted = at(automaton, counted).link;
  }
}

Match follow(const Automaton& automaton, Match match, std::int32_t token) {
  match.state = settled(automaton, match);
  for (;;) {
    const std::int32_t next = next_of(at(automaton, match.state), token);
    if (next >= 0) return {.state = next, .length = match.length + 1};
    if (match.state == 0) return {};
    match.state = at(automaton, match.state).link;
    match.length = at(automaton, match.state).length;
  }
}

Match repeated(const Automaton& automaton) {
  if (automaton.last == 0) return {};
  const std::int32_t state = at(automaton, automaton.last).link;
  return {.state = state, .length = at(automaton, state).length};
}

void grow(Draft& draft, const Automaton& automaton, Match match, std::int32_t depth,
          std::int32_t width, std::int32_t nodes) {
  struct Leaf {
    float p;
    std::int32_t node;
    std::int32_t state;
    bool operator<(const Leaf& other) const { return p < other.p; }
  };
  if (match.length <= 0) return;
  // A long match is rarely chance; a frequent continuation rarely is either.
  const float trust = 1.0F - 1.0F / static_cast<float>(match.length + 1);
  std::priority_queue<Leaf> leaves;
  leaves.push({1.0F, 0, settled(automaton, match)});
  while (!leaves.empty() && n_nodes(draft) <= nodes) {
    const Leaf leaf = leaves.top();
    leaves.pop();
    if (draft.depth[static_cast<std::size_t>(leaf.node)] >= depth) continue;
    auto next = at(automaton, leaf.state).next;
    std::erase_if(next, [](const auto& way) { return way.first < 0; });
    float n_all = 0;
    for (const auto& way : next) n_all += static_cast<float>(at(automaton, way.second).n_places);
    std::ranges::stable_sort(next, std::greater{},
                             [&](const auto& way) { return at(automaton, way.second).n_places; });
    if (next.size() > static_cast<std::size_t>(width)) next.resize(static_cast<std::size_t>(width));
    for (const auto& [token, state] : next) {
      const auto n = static_cast<float>(at(automaton, state).n_places);
      const float p = leaf.p * trust * n / std::max(1.0F, n_all);
      const std::int32_t node = add(draft, leaf.node, token, p);
      if (node < 0 || n_nodes(draft) > nodes) break;
      leaves.push({p, node, state});
    }
  }
}

}  // namespace mr::spec
