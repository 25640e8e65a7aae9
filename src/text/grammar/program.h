#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "text/grammar/network.h"

namespace mr::text::grammar {

/// A grammar ready to be matched: from every state there is a way to the end of its rule, and no
/// rule comes back to itself without a byte in between. Threads: any number may read one.
struct Program {
  std::vector<std::uint32_t> begin;      ///< (n_states + 1) of each state's edges
  std::vector<Edge> edges;               ///< by state
  std::vector<std::uint8_t> ends;        ///< (n_states) whether it is the end of a rule
  std::vector<State> enter;              ///< by rule
  State start = 0;                       ///< of the root
  std::array<std::uint8_t, 256> kind{};  ///< of each byte: those of a kind are never told apart
  std::vector<std::uint8_t> sample;      ///< a byte of each kind
};

inline std::span<const Edge> edges_of(const Program& program, State state) {
  return std::span(program.edges)
      .subspan(program.begin[state], program.begin[state + 1] - program.begin[state]);
}

/// Memory of it.
std::size_t bytes_of(const Program& program);

/// Errors: bad_request for a grammar that nothing matches, one with left recursion, and one that
/// went over its limits.
Expected<Program> finish(Network network);

/// The error of a meter that is over.
Error over_limit(const Meter& meter);

}  // namespace mr::text::grammar
