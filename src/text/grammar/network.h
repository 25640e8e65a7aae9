#pragma once
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/grammar/code_set.h"
#include "text/grammar/limits.h"

/// A grammar under construction: states joined by edges, in rules that call one another.
namespace mr::text::grammar {

using State = std::uint32_t;
using RuleId = std::uint32_t;

inline constexpr std::uint32_t kNothing = 0xFFFFFFFF;

enum class EdgeKind : std::uint8_t {
  bytes,  ///< one byte of a range
  free,   ///< nothing
  call,   ///< all that a rule matches
  token,  ///< one token by its id: control tokens have no bytes
};

struct Edge {
  State to;
  std::uint32_t argument = 0;  ///< the rule or the token
  EdgeKind kind = EdgeKind::bytes;
  std::uint8_t first = 0;
  std::uint8_t last = 0;
};

/// How characters are written.
enum class Writing : std::uint8_t {
  plain,  ///< UTF-8
  json,   ///< in a JSON string: what must be escaped is, and what is not ASCII may be
};

struct Network {
  struct Rule {
    State enter;
    State leave;
  };

  Meter* meter;                               ///< outlives this
  std::vector<std::vector<Edge>> edges = {};  ///< by state
  std::vector<Rule> rules = {};
  RuleId root = 0;
  std::map<std::pair<Writing, std::vector<std::uint32_t>>, RuleId> characters = {};
  RuleId blank = kNothing;  ///< the white space of JSON, once there is a use for it
  RuleId value = kNothing;  ///< any JSON value, likewise
};

State add_state(Network& net);
RuleId add_rule(Network& net);

void add_free(Network& net, State from, State to);
void add_bytes(Network& net, State from, State to, std::uint8_t first, std::uint8_t last);
void add_call(Network& net, State from, State to, RuleId rule);
void add_token(Network& net, State from, State to, std::int32_t token);

/// The bytes of a text as they are; gives the state behind them.
State add_text(Network& net, State from, std::string_view text);

/// One character of a set.
void add_character(Network& net, State from, State to, const CodeSet& set, Writing writing);

}  // namespace mr::text::grammar
