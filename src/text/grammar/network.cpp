#include "text/grammar/network.h"

#include <algorithm>
#include <array>

namespace mr::text::grammar {
namespace {

struct Bytes {
  std::uint8_t first;
  std::uint8_t last;
};

void add_edge(Network& net, State from, const Edge& edge) {
  if (!take(*net.meter, sizeof(Edge) + sizeof(Edge) / 2)) return;
  net.edges[from].push_back(edge);
}

void add_chain(Network& net, State from, State to, const Bytes* bytes, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const State next = i + 1 == n ? to : add_state(net);
    add_bytes(net, from, next, bytes[i].first, bytes[i].last);
    from = next;
  }
}

/// The UTF-8 of a range whose ends take the same number of bytes: cut until every byte behind the
/// first that varies runs through all continuations.
void add_utf8(Network& net, State from, State to, CodeRange range) {
  std::string low;
  std::string high;
  append_utf8(low, range.first);
  append_utf8(high, range.last);
  for (std::size_t i = 1; i < low.size(); ++i) {
    const std::uint32_t mask = (1U << (6 * i)) - 1;  // the bits of the last i bytes
    if ((range.first & ~mask) == (range.last & ~mask)) continue;
    if ((range.first & mask) != 0) {
      add_utf8(net, from, to, {range.first, range.first | mask});
      return add_utf8(net, from, to, {(range.first | mask) + 1, range.last});
    }
    if ((range.last & mask) != mask) {
      add_utf8(net, from, to, {range.first, (range.last & ~mask) - 1});
      return add_utf8(net, from, to, {range.last & ~mask, range.last});
    }
  }
  std::array<Bytes, 4> bytes{};
  for (std::size_t i = 0; i < low.size(); ++i) {
    bytes[i] = {static_cast<std::uint8_t>(low[i]), static_cast<std::uint8_t>(high[i])};
  }
  add_chain(net, from, to, bytes.data(), low.size());
}

void add_plain(Network& net, State from, State to, const CodeSet& set) {
  constexpr std::array<std::uint32_t, 4> kEnds{0x7F, 0x7FF, 0xFFFF, kLastCode};
  for (CodeRange range : set) {
    for (const std::uint32_t end : kEnds) {
      if (range.first > end || range.first > range.last) continue;
      add_utf8(net, from, to, {range.first, std::min(range.last, end)});
      range.first = end + 1;
    }
  }
}

CodeSet within(const CodeSet& set, CodeRange limits) {
  CodeSet part;
  for (const CodeRange& range : set) {
    const CodeRange cut{std::max(range.first, limits.first), std::min(range.last, limits.last)};
    if (cut.first <= cut.last) part.push_back(cut);
  }
  return part;
}

/// A hexadecimal digit of a range, in either case.
void add_digit(Network& net, State from, State to, std::uint32_t first, std::uint32_t last) {
  const auto put = [&](char base, std::uint32_t low, std::uint32_t high) {
    add_bytes(net, from, to, static_cast<std::uint8_t>(static_cast<std::uint32_t>(base) + low),
              static_cast<std::uint8_t>(static_cast<std::uint32_t>(base) + high));
  };
  if (first < 10) put('0', first, std::min(last, 9U));
  if (last < 10) return;
  const std::uint32_t low = std::max(first, 10U) - 10;
  put('a', low, last - 10);
  put('A', low, last - 10);
}

/// The last n hexadecimal digits of a range of numbers that share those before.
void add_digits(Network& net, State from, State to, CodeRange range, std::uint32_t n) {
  const std::uint32_t shift = 4 * (n - 1);
  const std::uint32_t mask = (1U << shift) - 1;
  const std::uint32_t low = (range.first >> shift) & 0xF;
  const std::uint32_t high = (range.last >> shift) & 0xF;
  if (low != high && (range.first & mask) != 0) {
    add_digits(net, from, to, {range.first, range.first | mask}, n);
    return add_digits(net, from, to, {(range.first | mask) + 1, range.last}, n);
  }
  if (low != high && (range.last & mask) != mask) {
    add_digits(net, from, to, {range.first, (range.last & ~mask) - 1}, n);
    return add_digits(net, from, to, {range.last & ~mask, range.last}, n);
  }
  if (n == 1) return add_digit(net, from, to, low, high);
  const State next = add_state(net);
  add_digit(net, from, next, low, high);
  add_digits(net, next, to, {range.first & mask, range.last & mask}, n - 1);
}

/// \uXXXX for a range of 16-bit numbers.
void add_escape(Network& net, State from, State to, CodeRange range) {
  add_digits(net, add_text(net, from, "\\u"), to, range, 4);
}

/// Pairs of surrogates for characters above U+FFFF.
void add_pairs(Network& net, State from, State to, CodeRange range) {
  const auto high_of = [](std::uint32_t code) { return 0xD800 + ((code - 0x10000) >> 10); };
  const auto low_of = [](std::uint32_t code) { return 0xDC00 + ((code - 0x10000) & 0x3FF); };
  while (range.first <= range.last) {
    std::uint32_t last = std::min(range.last, range.first | 0x3FF);
    const bool whole = low_of(range.first) == 0xDC00;
    if (whole && high_of(range.last) > high_of(range.first)) {  // as many full rows as there are
      last = low_of(range.last) == 0xDFFF ? range.last : (range.last & ~0x3FFU) - 1;
    }
    const State middle = add_state(net);
    add_escape(net, from, middle, {high_of(range.first), high_of(last)});
    add_escape(net, middle, to, {low_of(range.first), low_of(last)});
    range.first = last + 1;
  }
}

void add_json(Network& net, State from, State to, const CodeSet& set) {
  constexpr std::string_view kShort = "\"\"\\\\\bb\ff\nn\rr\tt";  // a character, its letter
  std::vector<CodeRange> bare;
  for (const CodeRange& part : {CodeRange{0x20, 0x21}, {0x23, 0x5B}, {0x5D, kLastCode}}) {
    for (const CodeRange& range : within(set, part)) bare.push_back(range);
  }
  add_plain(net, from, to, in_order(std::move(bare)));
  for (std::size_t i = 0; i < kShort.size(); i += 2) {
    if (!contains(set, static_cast<unsigned char>(kShort[i]))) continue;
    const State slash = add_state(net);
    add_bytes(net, from, slash, '\\', '\\');
    add_bytes(net, slash, to, static_cast<std::uint8_t>(kShort[i + 1]),
              static_cast<std::uint8_t>(kShort[i + 1]));
  }
  for (const CodeRange& part : {CodeRange{0, 0x1F}, {0x7F, 0xFFFF}}) {
    for (const CodeRange& range : within(set, part)) add_escape(net, from, to, range);
  }
  for (const CodeRange& range : within(set, {0x10000, kLastCode})) add_pairs(net, from, to, range);
}

/// Whether every character of the set is one byte that stands for itself.
bool is_bare(const CodeSet& set, Writing writing) {
  if (set.empty() || set.back().last >= 0x7F) return false;
  return writing == Writing::plain ||
         (set.front().first >= 0x20 && !contains(set, '"') && !contains(set, '\\'));
}

}  // namespace

State add_state(Network& net) {
  // Where the meter is over nothing more is made; the first state stands for those that are not.
  if (!take(*net.meter, sizeof(std::vector<Edge>)) && !net.edges.empty()) return 0;
  net.edges.emplace_back();
  return static_cast<State>(net.edges.size() - 1);
}

RuleId add_rule(Network& net) {
  const State enter = add_state(net);
  net.rules.push_back({.enter = enter, .leave = add_state(net)});
  return static_cast<RuleId>(net.rules.size() - 1);
}

void add_free(Network& net, State from, State to) {
  if (from != to) add_edge(net, from, {.to = to, .kind = EdgeKind::free});
}

void add_bytes(Network& net, State from, State to, std::uint8_t first, std::uint8_t last) {
  add_edge(net, from, {.to = to, .kind = EdgeKind::bytes, .first = first, .last = last});
}

void add_call(Network& net, State from, State to, RuleId rule) {
  add_edge(net, from, {.to = to, .argument = rule, .kind = EdgeKind::call});
}

void add_token(Network& net, State from, State to, std::int32_t token) {
  add_edge(net, from,
           {.to = to, .argument = static_cast<std::uint32_t>(token), .kind = EdgeKind::token});
}

State add_text(Network& net, State from, std::string_view text) {
  for (const char c : text) {
    const State next = add_state(net);
    add_bytes(net, from, next, static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c));
    from = next;
  }
  return from;
}

void add_character(Network& net, State from, State to, const CodeSet& set, Writing writing) {
  if (is_bare(set, writing)) return add_plain(net, from, to, set);
  std::vector<std::uint32_t> key;
  for (const CodeRange& range : set) key.insert(key.end(), {range.first, range.last});
  const auto found = net.characters.find({writing, key});
  if (found != net.characters.end()) return add_call(net, from, to, found->second);
  if (!take(*net.meter, key.size() * sizeof(std::uint32_t) + 96)) return;
  const RuleId rule = add_rule(net);
  net.characters[{writing, std::move(key)}] = rule;
  const Network::Rule own = net.rules[rule];
  if (writing == Writing::plain) {
    add_plain(net, own.enter, own.leave, set);
  } else {
    add_json(net, own.enter, own.leave, set);
  }
  add_call(net, from, to, rule);
}

}  // namespace mr::text::grammar
