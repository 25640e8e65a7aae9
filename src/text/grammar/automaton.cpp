#include "text/grammar/automaton.h"

#include <algorithm>
#include <map>

namespace mr::text::grammar {
namespace {

using Set = std::vector<std::uint32_t>;

/// The states that can be reached without a character, in order.
Set reached(const Draft& draft, Set from, bool at_begin, bool at_end) {
  std::vector<std::uint8_t> seen(draft.edges.size());
  Set all;
  while (!from.empty()) {
    const std::uint32_t state = from.back();
    from.pop_back();
    if (std::exchange(seen[state], 1) != 0) continue;
    all.push_back(state);
    for (const Draft::Edge& edge : draft.edges[state]) {
      const bool open = edge.when == Draft::When::always ||
                        (edge.when == Draft::When::at_begin && at_begin) ||
                        (edge.when == Draft::When::at_end && at_end);
      if (open) from.push_back(edge.to);
    }
  }
  std::ranges::sort(all);
  return all;
}

/// Adds a range behind the others, in one with the last where that leads to the same state.
void add_range(std::vector<Automaton::Edge>& edges, CodeRange range, std::uint32_t to) {
  if (!edges.empty() && edges.back().to == to && edges.back().range.last + 1 == range.first) {
    edges.back().range.last = range.last;
  } else {
    edges.push_back({range, to});
  }
}

/// Numbers for what states of a new automaton stand for.
template <typename Key>
struct Numbers {
  std::map<Key, std::uint32_t> ids = {};
  std::vector<Key> keys = {};

  std::uint32_t of(const Key& key) {
    const auto [at, made] = ids.try_emplace(key, static_cast<std::uint32_t>(keys.size()));
    if (made) keys.push_back(key);
    return at->second;
  }
};

/// Where the ranges of some edges begin, and behind where they end.
Set borders_of(const Draft& draft, const Set& states) {
  Set borders;
  for (const std::uint32_t state : states) {
    for (const Draft::Edge& edge : draft.edges[state]) {
      for (const CodeRange& range : edge.set) {
        borders.insert(borders.end(), {range.first, range.last + 1});
      }
    }
  }
  std::ranges::sort(borders);
  const auto rest = std::ranges::unique(borders);
  borders.erase(rest.begin(), rest.end());
  return borders;
}

/// Leaves out the states from which no text ends well.
Automaton trimmed(const Automaton& a) {
  std::vector<std::vector<std::uint32_t>> before(a.edges.size());
  std::vector<std::uint8_t> lives = a.accepts;
  Set work;
  for (std::uint32_t state = 0; state < a.edges.size(); ++state) {
    if (a.accepts[state] != 0) work.push_back(state);
    for (const auto& edge : a.edges[state]) before[edge.to].push_back(state);
  }
  while (!work.empty()) {
    const std::uint32_t state = work.back();
    work.pop_back();
    for (const std::uint32_t from : before[state]) {
      if (std::exchange(lives[from], 1) == 0) work.push_back(from);
    }
  }
  Set number(a.edges.size());
  Automaton out;
  for (std::uint32_t state = 0; state < a.edges.size(); ++state) {
    if (lives[state] == 0 && state != 0) continue;
    number[state] = static_cast<std::uint32_t>(out.accepts.size());
    out.accepts.push_back(a.accepts[state]);
  }
  for (std::uint32_t state = 0; state < a.edges.size(); ++state) {
    if (lives[state] == 0 && state != 0) continue;
    auto& edges = out.edges.emplace_back();
    for (const auto& edge : a.edges[state]) {
      if (lives[edge.to] != 0) edges.push_back({edge.range, number[edge.to]});
    }
  }
  return out;
}

}  // namespace

Automaton determinize(const Draft& draft, Meter& meter) {
  Automaton out;
  Numbers<Set> numbers;
  numbers.of(reached(draft, {draft.begin}, true, false));
  for (std::uint32_t state = 0; state < numbers.keys.size(); ++state) {
    const Set own = numbers.keys[state];
    if (!take(meter, own.size() * 8 + draft.edges.size() + 64)) break;
    const Set at_end = reached(draft, own, state == 0, true);
    out.accepts.push_back(std::ranges::binary_search(at_end, draft.end) ? 1 : 0);
    auto& edges = out.edges.emplace_back();
    const Set borders = borders_of(draft, own);
    for (std::size_t i = 0; i + 1 < borders.size() && !is_over(meter); ++i) {
      Set to;
      for (const std::uint32_t from : own) {
        for (const Draft::Edge& edge : draft.edges[from]) {
          if (contains(edge.set, borders[i])) to.push_back(edge.to);
        }
      }
      if (to.empty() || !take(meter, sizeof(Automaton::Edge))) continue;
      add_range(edges, {borders[i], borders[i + 1] - 1},
                numbers.of(reached(draft, std::move(to), false, false)));
    }
  }
  if (is_over(meter)) return any_text();
  return trimmed(out);
}

Automaton both(const Automaton& a, const Automaton& b, Meter& meter) {
  Automaton out;
  Numbers<std::pair<std::uint32_t, std::uint32_t>> numbers;
  numbers.of({0, 0});
  for (std::uint32_t state = 0; state < numbers.keys.size(); ++state) {
    const auto [left, right] = numbers.keys[state];
    if (!take(meter, 96)) return any_text();
    out.accepts.push_back(a.accepts[left] & b.accepts[right]);
    auto& edges = out.edges.emplace_back();
    auto x = a.edges[left].begin();
    auto y = b.edges[right].begin();
    while (x != a.edges[left].end() && y != b.edges[right].end()) {
      const CodeRange range{std::max(x->range.first, y->range.first),
                            std::min(x->range.last, y->range.last)};
      if (range.first <= range.last && take(meter, sizeof(Automaton::Edge))) {
        add_range(edges, range, numbers.of({x->to, y->to}));
      }
      if (x->range.last < y->range.last) {
        ++x;
      } else {
        ++y;
      }
    }
  }
  return trimmed(out);
}

Automaton opposite(const Automaton& a, Meter& meter) {
  Automaton out = a;
  const auto sink = static_cast<std::uint32_t>(a.edges.size());
  out.edges.emplace_back();
  out.accepts.push_back(0);
  for (auto& edges : out.edges) {
    if (!take(meter, edges.size() * 2 * sizeof(Automaton::Edge))) return any_text();
    std::vector<CodeRange> taken;
    for (const auto& edge : edges) taken.push_back(edge.range);
    for (const CodeRange& range : complement(in_order(std::move(taken)))) {
      edges.push_back({range, sink});
    }
    std::ranges::sort(edges, {}, [](const auto& edge) { return edge.range.first; });
  }
  for (std::uint8_t& accepts : out.accepts) accepts ^= 1;
  return trimmed(out);
}

Automaton any_text() {
  Automaton out{.edges = {{}}, .accepts = {1}};
  for (const CodeRange& range : all_codes()) out.edges[0].push_back({range, 0});
  return out;
}

Automaton one_of(const std::vector<std::string>& texts, Meter& meter) {
  Draft draft{.edges = std::vector<std::vector<Draft::Edge>>(2), .begin = 0, .end = 1};
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> tree;
  for (const std::string& text : texts) {
    std::uint32_t state = draft.begin;
    for (std::string_view rest = text; !rest.empty();) {
      const std::uint32_t code = take_code(rest);
      if (!take(meter, 128)) return any_text();
      const auto [at, made] =
          tree.try_emplace({state, code}, static_cast<std::uint32_t>(draft.edges.size()));
      if (made) {
        draft.edges.emplace_back();
        draft.edges[state].push_back(
            {.when = Draft::When::taking, .to = at->second, .set = {{code, code}}});
      }
      state = at->second;
    }
    draft.edges[state].push_back({.when = Draft::When::always, .to = draft.end});
  }
  Automaton out{.edges = std::vector<std::vector<Automaton::Edge>>(draft.edges.size()),
                .accepts = std::vector<std::uint8_t>(draft.edges.size())};
  for (std::size_t state = 0; state < draft.edges.size(); ++state) {
    for (const Draft::Edge& edge : draft.edges[state]) {
      if (edge.set.empty()) {
        out.accepts[state] = 1;
      } else {
        out.edges[state].push_back({edge.set.front(), edge.to});
      }
    }
    std::ranges::sort(out.edges[state], {}, [](const auto& edge) { return edge.range.first; });
  }
  return trimmed(out);
}

Automaton of_length(std::int64_t least, std::int64_t most, Meter& meter) {
  Automaton out;
  const std::int64_t last = most < 0 ? least : most;
  const CodeSet all = all_codes();
  for (std::int64_t n = 0; n <= last && take(meter, 96); ++n) {
    out.accepts.push_back(n >= least ? 1 : 0);
    auto& edges = out.edges.emplace_back();
    if (n == last && most >= 0) break;
    const auto to = static_cast<std::uint32_t>(std::min(n + 1, last));
    for (const CodeRange& range : all) edges.push_back({range, to});
  }
  return is_over(meter) ? any_text() : trimmed(out);
}

bool is_empty(const Automaton& a) {
  return a.accepts.size() == 1 && a.accepts[0] == 0;
}

bool accepts(const Automaton& a, std::string_view text) {
  std::uint32_t state = 0;
  while (!text.empty()) {
    const std::uint32_t code = take_code(text);
    const auto edge = std::ranges::find_if(a.edges[state], [&](const auto& one) {
      return code >= one.range.first && code <= one.range.last;
    });
    if (edge == a.edges[state].end()) return false;
    state = edge->to;
  }
  return a.accepts[state] != 0;
}

void add_texts(Network& net, State from, State to, const Automaton& a, Writing writing) {
  std::vector<State> states;
  for (std::size_t i = 0; i < a.edges.size(); ++i) states.push_back(add_state(net));
  add_free(net, from, states[0]);
  for (std::size_t i = 0; i < a.edges.size() && !is_over(*net.meter); ++i) {
    if (a.accepts[i] != 0) add_free(net, states[i], to);
    std::map<std::uint32_t, std::vector<CodeRange>> by_target;
    for (const auto& edge : a.edges[i]) by_target[edge.to].push_back(edge.range);
    for (auto& [target, ranges] : by_target) {
      add_character(net, states[i], states[target], in_order(std::move(ranges)), writing);
    }
  }
}

}  // namespace mr::text::grammar
