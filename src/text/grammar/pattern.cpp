#include "text/grammar/pattern.h"

#include <charconv>
#include <limits>
#include <optional>

#include "base/quote.h"
#include "text/grammar/program.h"
#include "text/grammar/repeat.h"

namespace mr::text::grammar {
namespace {

using When = Draft::When;
using Place = std::uint32_t;

struct Reader {
  Meter& meter;
  Limits limits;
  std::string_view rest;
  Draft draft = {};
  std::int32_t depth = 0;
};

tl::unexpected<Error> wrong(const Reader& r, const std::string& what) {
  return fail(Fault::bad_request,
              "pattern: " + what + (r.rest.empty() ? "" : ", before " + quote(r.rest)));
}

bool skip(Reader& r, std::string_view word) {
  if (!r.rest.starts_with(word)) return false;
  r.rest.remove_prefix(word.size());
  return true;
}

Place add(Reader& r) {
  if (!take(r.meter, 64) && !r.draft.edges.empty()) return 0;
  r.draft.edges.emplace_back();
  return static_cast<Place>(r.draft.edges.size() - 1);
}

void join(Reader& r, Place from, Place to, When when, CodeSet set = {}) {
  if (!take(r.meter, sizeof(Draft::Edge) + set.size() * sizeof(CodeRange))) return;
  r.draft.edges[from].push_back({.when = when, .to = to, .set = std::move(set)});
}

/// Characters of the classes of one letter, of \D, \W and \S too.
std::optional<CodeSet> letter_class(char letter) {
  switch (letter) {
    case 'd':
      return CodeSet{{'0', '9'}};
    case 'w':
      return in_order({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}});
    case 's':
      return in_order({{9, 13},
                       {' ', ' '},
                       {0xA0, 0xA0},
                       {0x1680, 0x1680},
                       {0x2000, 0x200A},
                       {0x2028, 0x2029},
                       {0x202F, 0x202F},
                       {0x205F, 0x205F},
                       {0x3000, 0x3000},
                       {0xFEFF, 0xFEFF}});
    case 'D':
    case 'W':
    case 'S':
      return complement(*letter_class(static_cast<char>(letter + ('a' - 'A'))));
    default:
      return {};
  }
}

Expected<std::uint32_t> hex(Reader& r, std::size_t n_digits) {
  std::uint32_t code = 0;
  const std::string_view text = r.rest.substr(0, n_digits);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), code, 16);
  if (read.ec != std::errc{} || text.size() != n_digits || read.ptr != text.data() + n_digits) {
    return wrong(r, "wanted " + std::to_string(n_digits) + " hexadecimal digits");
  }
  r.rest.remove_prefix(n_digits);
  return code;
}

/// \uXXXX, \u{X...}, and two \uXXXX that are a pair of surrogates.
Expected<std::uint32_t> unicode_escape(Reader& r) {
  if (skip(r, "{")) {
    const std::size_t end = r.rest.find('}');
    if (end == std::string_view::npos || end == 0 || end > 6) return wrong(r, "wanted \\u{...}");
    MR_TRY(const std::uint32_t code, hex(r, end));
    r.rest.remove_prefix(1);
    if (code > kLastCode) return wrong(r, "a character above U+10FFFF");
    return code;
  }
  MR_TRY(const std::uint32_t high, hex(r, 4));
  if (high < 0xD800 || high > 0xDBFF || !skip(r, "\\u")) return high;
  MR_TRY(const std::uint32_t low, hex(r, 4));
  if (low < 0xDC00 || low > 0xDFFF) return wrong(r, "half a pair of surrogates");
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/// A character behind a backslash.
Expected<std::uint32_t> escaped(Reader& r) {
  const char c = r.rest.front();
  constexpr std::string_view kLetters = "t\tn\nr\rf\fv\v";
  const std::size_t known = kLetters.find(c);
  if (c >= '1' && c <= '9') return wrong(r, "back references cannot be enforced");
  if (known != std::string_view::npos && known % 2 == 0) {
    r.rest.remove_prefix(1);
    return static_cast<unsigned char>(kLetters[known + 1]);
  }
  if (skip(r, "u")) return unicode_escape(r);
  if (skip(r, "x")) return hex(r, 2);
  if (skip(r, "0")) return 0;
  if (c == 'c' && r.rest.size() > 1) {
    const auto letter = static_cast<std::uint32_t>(r.rest[1]) & 0x1F;
    r.rest.remove_prefix(2);
    return letter;
  }
  const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (plain) return wrong(r, "the escape cannot be enforced");
  return take_code(r.rest);
}

/// One item of a class: a class of one letter, or a character.
struct Item {
  CodeSet set = {};  ///< none: a character
  std::uint32_t code = 0;
};

Expected<Item> class_item(Reader& r) {
  if (r.rest.empty()) return wrong(r, "a class does not end");
  if (!skip(r, "\\")) return Item{.code = take_code(r.rest)};
  if (r.rest.empty()) return wrong(r, "a class does not end");
  if (auto set = letter_class(r.rest.front())) {
    r.rest.remove_prefix(1);
    return Item{.set = std::move(*set)};
  }
  if (skip(r, "b")) return Item{.code = '\b'};
  MR_TRY(const std::uint32_t code, escaped(r));
  return Item{.code = code};
}

Expected<CodeSet> read_class(Reader& r) {
  const bool inverted = skip(r, "^");
  std::vector<CodeRange> ranges;
  while (!skip(r, "]")) {
    MR_TRY(const Item first, class_item(r));
    if (!first.set.empty()) {
      ranges.insert(ranges.end(), first.set.begin(), first.set.end());
      continue;
    }
    std::uint32_t last = first.code;
    if (r.rest.size() > 1 && r.rest[0] == '-' && r.rest[1] != ']') {
      r.rest.remove_prefix(1);
      MR_TRY(const Item end, class_item(r));
      if (end.set.empty()) {
        last = end.code;
      } else {  // a hyphen before a class stands for itself
        ranges.push_back({'-', '-'});
        ranges.insert(ranges.end(), end.set.begin(), end.set.end());
      }
    }
    if (last < first.code) return wrong(r, "a range of a class ends before it begins");
    ranges.push_back({first.code, last});
  }
  const CodeSet set = in_order(std::move(ranges));
  return inverted ? complement(set) : set;
}

Expected<Place> add_alternatives(Reader& r, Place from);

Expected<Place> add_group(Reader& r, Place from) {
  if (skip(r, "?")) {
    if (r.rest.starts_with("=") || r.rest.starts_with("!") || r.rest.starts_with("<=") ||
        r.rest.starts_with("<!")) {
      return wrong(r, "looks ahead and behind cannot be enforced");
    }
    if (skip(r, "<") || skip(r, "P<")) {
      const std::size_t end = r.rest.find('>');
      if (end == std::string_view::npos) return wrong(r, "the name of a group does not end");
      r.rest.remove_prefix(end + 1);
    } else if (!skip(r, ":")) {
      return wrong(r, "the kind of group cannot be enforced");
    }
  }
  if (++r.depth > r.limits.depth) return wrong(r, "groups are too deep in one another");
  MR_TRY(const Place to, add_alternatives(r, from));
  --r.depth;
  if (!skip(r, ")")) return wrong(r, "a group does not end");
  return to;
}

/// What stands before a quantifier.
Expected<Place> add_atom(Reader& r, Place from) {
  if (skip(r, "(")) return add_group(r, from);
  const Place to = add(r);
  if (skip(r, "^")) return join(r, from, to, When::at_begin), to;
  if (skip(r, "$")) return join(r, from, to, When::at_end), to;
  CodeSet set;
  if (skip(r, "[")) {
    MR_TRY(set, read_class(r));
  } else if (skip(r, ".")) {
    set = complement(in_order({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}));
  } else if (skip(r, "\\")) {
    if (r.rest.empty()) return wrong(r, "a backslash at the end");
    if (auto letter = letter_class(r.rest.front())) {
      r.rest.remove_prefix(1);
      set = std::move(*letter);
    } else {
      MR_TRY(const std::uint32_t code, escaped(r));
      set = in_order({{code, code}});
    }
  } else if (r.rest.starts_with("*") || r.rest.starts_with("+") || r.rest.starts_with("?")) {
    return wrong(r, "a quantifier of nothing");
  } else {
    const std::uint32_t code = take_code(r.rest);
    set = in_order({{code, code}});
  }
  join(r, from, to, When::taking, std::move(set));
  return to;
}

/// {m}, {m,} or {m,n}; nothing where the brace stands for itself.
Expected<std::optional<Times>> read_braces(Reader& r) {
  std::string_view rest = r.rest.substr(1);
  const auto number = [&](std::int32_t& n) {
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), n);
    if (read.ptr == rest.data()) return false;
    if (read.ec != std::errc{}) n = std::numeric_limits<std::int32_t>::max();
    rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
    return true;
  };
  Times times;
  if (!number(times.least)) return std::nullopt;
  times.most = times.least;
  if (rest.starts_with(",")) {
    rest.remove_prefix(1);
    if (!number(times.most)) times.most = kNoEnd;
  }
  if (!rest.starts_with("}")) return std::nullopt;
  const std::int32_t most = r.limits.repeats;
  if (times.least > most || times.most > most) {
    return wrong(r, "wanted a quantifier of at most " + std::to_string(most));
  }
  if (times.most != kNoEnd && times.most < times.least) {
    return wrong(r, "a quantifier ends before it begins");
  }
  r.rest = rest.substr(1);
  return times;
}

Expected<std::optional<Times>> read_quantifier(Reader& r) {
  std::optional<Times> times;
  if (skip(r, "*")) {
    times = {0, kNoEnd};
  } else if (skip(r, "+")) {
    times = {1, kNoEnd};
  } else if (skip(r, "?")) {
    times = {0, 1};
  } else if (r.rest.starts_with("{")) {
    MR_TRY(times, read_braces(r));
  }
  if (times) skip(r, "?");  // lazy: the same texts
  return times;
}

/// Reads the atom at `atom` again and again.
Expected<Place> add_times(Reader& r, Place from, std::string_view atom, Times times) {
  const std::string_view behind = r.rest;
  const auto once = [&](Place at) {
    r.rest = atom;
    return add_atom(r, at);
  };
  for (std::int32_t i = 0; i < times.least && !is_over(r.meter); ++i) {
    MR_TRY(from, once(from));
  }
  const Place end = add(r);
  if (times.most == kNoEnd) {
    const Place loop = add(r);
    join(r, from, loop, When::always);
    join(r, loop, end, When::always);
    MR_TRY(const Place back, once(loop));
    join(r, back, loop, When::always);
  }
  for (std::int32_t i = times.least; i < times.most && !is_over(r.meter); ++i) {
    join(r, from, end, When::always);
    MR_TRY(from, once(from));
  }
  if (times.most != kNoEnd) join(r, from, end, When::always);
  r.rest = behind;
  return end;
}

Expected<Place> add_sequence(Reader& r, Place from) {
  while (!r.rest.empty() && r.rest.front() != '|' && r.rest.front() != ')') {
    const std::string_view atom = r.rest;
    const std::size_t n_before = r.draft.edges.size();
    const Place begin = add(r);
    MR_TRY(const Place end, add_atom(r, begin));
    MR_TRY(const auto times, read_quantifier(r));
    if (!times) {
      join(r, from, begin, When::always);
      from = end;
      continue;
    }
    if (is_over(r.meter)) return from;
    r.draft.edges.resize(n_before);  // only read so far: it is made as often as it must be
    MR_TRY(from, add_times(r, from, atom, *times));
  }
  return from;
}

Expected<Place> add_alternatives(Reader& r, Place from) {
  const Place to = add(r);
  do {
    const Place begin = add(r);
    join(r, from, begin, When::always);
    MR_TRY(const Place end, add_sequence(r, begin));
    join(r, end, to, When::always);
  } while (skip(r, "|"));
  return to;
}

Expected<Automaton> read_all(Reader r, Find find) {
  r.draft.begin = add(r);
  const Place first = add(r);
  join(r, r.draft.begin, first, When::always);
  if (find == Find::anywhere) join(r, first, first, When::taking, all_codes());
  const Place inside = add(r);
  join(r, first, inside, When::always);
  MR_TRY(const Place last, add_alternatives(r, inside));
  if (!r.rest.empty()) return wrong(r, "a group ends that did not begin");
  r.draft.end = add(r);
  if (find == Find::anywhere) join(r, r.draft.end, r.draft.end, When::taking, all_codes());
  join(r, last, r.draft.end, When::always);
  Automaton automaton = determinize(r.draft, r.meter);
  if (is_over(r.meter)) return tl::unexpected<Error>(over_limit(r.meter));
  return automaton;
}

}  // namespace

Expected<Automaton> read_pattern(std::string_view pattern, Find find, Meter& meter) {
  if (pattern.size() > meter.limits.pattern_bytes) {
    return fail(Fault::bad_request, "pattern: wanted at most " +
                                        std::to_string(meter.limits.pattern_bytes) +
                                        " bytes, found " + std::to_string(pattern.size()));
  }
  return read_all({.meter = meter, .limits = meter.limits, .rest = pattern}, find);
}

Expected<Automaton> own_pattern(std::string_view pattern, Meter& meter) {
  return read_all({.meter = meter, .limits = {}, .rest = pattern}, Find::whole);
}

std::string quoted_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}/-").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace mr::text::grammar
