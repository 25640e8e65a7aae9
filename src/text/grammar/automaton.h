#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammar/network.h"

/// Sets of texts as automata over characters: what patterns, lengths and lists of words leave of
/// strings is one of them, so that all of it can hold at once.
namespace mr::text::grammar {

/// Deterministic; begins at state 0. Where no edge takes a character the text is not in the set.
struct Automaton {
  struct Edge {
    CodeRange range;
    std::uint32_t to;
  };

  std::vector<std::vector<Edge>> edges;  ///< by state, rising, apart
  std::vector<std::uint8_t> accepts;     ///< by state
};

/// Not deterministic, with edges that take nothing: some only at the beginning of the text, some
/// only at its end.
struct Draft {
  enum class When : std::uint8_t { taking, always, at_begin, at_end };
  struct Edge {
    When when;
    std::uint32_t to;
    CodeSet set = {};
  };

  std::vector<std::vector<Edge>> edges = {};  ///< by state
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// All of these give something arbitrary where the meter is over.

Automaton determinize(const Draft& draft, Meter& meter);
Automaton both(const Automaton& a, const Automaton& b, Meter& meter);
Automaton opposite(const Automaton& a, Meter& meter);

Automaton any_text();
Automaton one_of(const std::vector<std::string>& texts, Meter& meter);
/// Texts of so many characters; most < 0: no end.
Automaton of_length(std::int64_t least, std::int64_t most, Meter& meter);

bool is_empty(const Automaton& a);
bool accepts(const Automaton& a, std::string_view text);

/// The texts of the set between two states of a network.
void add_texts(Network& net, State from, State to, const Automaton& a, Writing writing);

}  // namespace mr::text::grammar
