#include "text/grammar/gbnf.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "base/quote.h"
#include "text/grammar/program.h"
#include "text/grammar/repeat.h"
#include "text/grammar/vocabulary.h"

namespace mr::text::grammar {
namespace {

struct Reader {
  Network& net;
  const Tokenizer& tokenizer;
  std::string_view whole;
  std::string_view rest;
  std::int32_t depth = 0;
  std::map<std::string, RuleId, std::less<>> rules = {};
  std::map<std::string, bool, std::less<>> defined = {};
};

tl::unexpected<Error> wrong(const Reader& r, const std::string& what) {
  const std::string_view before = r.whole.substr(0, r.whole.size() - r.rest.size());
  const auto line = 1 + std::ranges::count(before, '\n');
  return fail(Fault::bad_request, "grammar, line " + std::to_string(line) + ": " + what);
}

void skip_space(Reader& r) {
  while (!r.rest.empty()) {
    const char c = r.rest.front();
    if (c == '#') {
      r.rest.remove_prefix(std::min(r.rest.find('\n'), r.rest.size()));
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      r.rest.remove_prefix(1);
    } else {
      return;
    }
  }
}

bool skip(Reader& r, std::string_view word) {
  if (!r.rest.starts_with(word)) return false;
  r.rest.remove_prefix(word.size());
  return true;
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string_view name_at(const Reader& r) {
  const auto end = std::ranges::find_if_not(r.rest, is_name);
  return r.rest.substr(0, static_cast<std::size_t>(end - r.rest.begin()));
}

/// Whether a definition begins here.
bool at_definition(const Reader& r) {
  Reader look{.net = r.net, .tokenizer = r.tokenizer, .whole = r.whole, .rest = r.rest};
  const std::string_view name = name_at(look);
  look.rest.remove_prefix(name.size());
  skip_space(look);
  return !name.empty() && look.rest.starts_with("::=");
}

RuleId rule_of(Reader& r, std::string_view name) {
  const auto found = r.rules.find(name);
  if (found != r.rules.end()) return found->second;
  return r.rules[std::string(name)] = add_rule(r.net);
}

Expected<std::uint32_t> hex(Reader& r, std::size_t n_digits) {
  std::uint32_t code = 0;
  const std::string_view digits = r.rest.substr(0, n_digits);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  const bool whole = digits.size() == n_digits && read.ptr == digits.data() + digits.size();
  if (read.ec != std::errc{} || !whole || code > kLastCode) {
    return wrong(
        r, "wanted " + std::to_string(n_digits) + " hexadecimal digits, found " + quote(digits));
  }
  r.rest.remove_prefix(n_digits);
  return code;
}

/// One character of a literal or a class.
Expected<std::uint32_t> character(Reader& r) {
  if (r.rest.empty()) return wrong(r, "a literal or a class does not end");
  if (!skip(r, "\\")) return take_code(r.rest);
  if (r.rest.empty()) return wrong(r, "a literal or a class does not end");
  const char c = r.rest.front();
  r.rest.remove_prefix(1);
  switch (c) {
    case 'x':
      return hex(r, 2);
    case 'u':
      return hex(r, 4);
    case 'U':
      return hex(r, 8);
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    default:
      break;
  }
  if (std::string_view("\\\"[]-^/.'").find(c) != std::string_view::npos) {
    return static_cast<unsigned char>(c);
  }
  return wrong(r, "unknown escape " + quote(std::string("\\") + c));
}

Expected<State> add_literal(Reader& r, State from) {
  while (!skip(r, "\"")) {
    MR_TRY(const std::uint32_t code, character(r));
    std::string text;
    append_utf8(text, code);
    from = add_text(r.net, from, text);
  }
  return from;
}

Expected<CodeSet> read_class(Reader& r) {
  const bool inverted = skip(r, "^");
  std::vector<CodeRange> ranges;
  while (!skip(r, "]")) {
    MR_TRY(const std::uint32_t first, character(r));
    std::uint32_t last = first;
    if (r.rest.size() > 1 && r.rest[0] == '-' && r.rest[1] != ']') {
      r.rest.remove_prefix(1);
      MR_TRY(last, character(r));
    }
    if (last < first) return wrong(r, "a range of a class ends before it begins");
    ranges.push_back({first, last});
  }
  const CodeSet set = in_order(std::move(ranges));
  return inverted ? complement(set) : set;
}

Expected<State> add_control(Reader& r, State from) {
  const std::size_t end = r.rest.find('>');
  if (end == std::string_view::npos) return wrong(r, "a token does not end");
  const std::string spelled(r.rest.substr(0, end + 1));
  const std::int32_t token = control_token(r.tokenizer, spelled);
  if (token < 0) return wrong(r, "the model has no control token " + quote(spelled));
  r.rest.remove_prefix(end + 1);
  const State to = add_state(r.net);
  add_token(r.net, from, to, token);
  return to;
}

Expected<State> add_alternatives(Reader& r, State from);

/// What stands before an operator.
Expected<State> add_item(Reader& r, State from) {
  if (skip(r, "\"")) return add_literal(r, from);
  if (r.rest.starts_with("<")) return add_control(r, from);
  const State to = add_state(r.net);
  if (skip(r, "[")) {
    MR_TRY(const CodeSet set, read_class(r));
    add_character(r.net, from, to, set, Writing::plain);
    return to;
  }
  if (skip(r, ".")) {
    add_character(r.net, from, to, all_codes(), Writing::plain);
    return to;
  }
  if (skip(r, "(")) {
    if (++r.depth > r.net.meter->limits.depth) {
      return wrong(r, "groups: wanted at most " + std::to_string(r.net.meter->limits.depth) +
                          " in one another");
    }
    MR_TRY(const State end, add_alternatives(r, from));
    --r.depth;
    skip_space(r);
    if (!skip(r, ")")) return wrong(r, "a group does not end");
    return end;
  }
  const std::string_view name = name_at(r);
  if (name.empty()) return wrong(r, "wanted a part of a rule, found " + quote(r.rest.substr(0, 8)));
  r.rest.remove_prefix(name.size());
  add_call(r.net, from, to, rule_of(r, name));
  return to;
}

Expected<std::int32_t> read_number(Reader& r) {
  std::int32_t n = 0;
  const char* end = r.rest.data() + r.rest.size();
  const auto read = std::from_chars(r.rest.data(), end, n);
  const std::int32_t most = r.net.meter->limits.repeats;
  if (read.ec != std::errc{} || n < 0 || n > most) {
    return wrong(r, "wanted a number of times from 0 to " + std::to_string(most) + ", found " +
                        quote(r.rest.substr(0, 8)));
  }
  r.rest.remove_prefix(static_cast<std::size_t>(read.ptr - r.rest.data()));
  skip_space(r);
  return n;
}

/// {m}, {m,}, {m,n}
Expected<Times> read_times(Reader& r) {
  Times times;
  skip_space(r);
  MR_TRY(times.least, read_number(r));
  times.most = times.least;
  if (skip(r, ",")) {
    skip_space(r);
    times.most = kNoEnd;
    if (!r.rest.starts_with("}")) {
      MR_TRY(times.most, read_number(r));
    }
  }
  if (!skip(r, "}")) return wrong(r, "wanted } behind a number of times");
  if (times.most != kNoEnd && times.most < times.least) {
    return wrong(r, "a number of times ends before it begins");
  }
  return times;
}

Expected<std::optional<Times>> read_operator(Reader& r) {
  if (skip(r, "*")) return Times{0, kNoEnd};
  if (skip(r, "+")) return Times{1, kNoEnd};
  if (skip(r, "?")) return Times{0, 1};
  if (!skip(r, "{")) return std::nullopt;
  MR_TRY(const Times times, read_times(r));
  return times;
}

Expected<State> add_sequence(Reader& r, State from) {
  for (;;) {
    skip_space(r);
    const char c = r.rest.empty() ? '|' : r.rest.front();
    if (c == '|' || c == ')' || at_definition(r)) return from;
    const State begin = add_state(r.net);
    MR_TRY(const State end, add_item(r, begin));
    MR_TRY(std::optional<Times> times, read_operator(r));
    if (!times) {
      add_free(r.net, from, begin);
      from = end;
      continue;
    }
    r.net.rules.push_back({.enter = begin, .leave = end});
    from = add_repeats(r.net, from, static_cast<RuleId>(r.net.rules.size() - 1), *times);
    MR_TRY(times, read_operator(r));
    if (times) return wrong(r, "two numbers of times in a row");
  }
}

Expected<State> add_alternatives(Reader& r, State from) {
  const State to = add_state(r.net);
  do {
    const State begin = add_state(r.net);
    add_free(r.net, from, begin);
    MR_TRY(const State end, add_sequence(r, begin));
    add_free(r.net, end, to);
    skip_space(r);
  } while (skip(r, "|"));
  return to;
}

Expected<void> read_definition(Reader& r) {
  if (!at_definition(r)) {
    return wrong(r, "wanted name ::= ..., found " + quote(r.rest.substr(0, 16)));
  }
  const std::string name(name_at(r));
  if (std::exchange(r.defined[name], true)) return wrong(r, quote(name) + " is defined twice");
  r.rest.remove_prefix(name.size());
  skip_space(r);
  r.rest.remove_prefix(3);
  const RuleId rule = rule_of(r, name);
  MR_TRY(const State end, add_alternatives(r, r.net.rules[rule].enter));
  add_free(r.net, end, r.net.rules[rule].leave);
  return {};
}

}  // namespace

Expected<RuleId> add_gbnf(Network& net, std::string_view text, const Tokenizer& tokenizer) {
  if (text.size() > net.meter->limits.source_bytes) {
    return fail(Fault::bad_request, "grammar: wanted at most " +
                                        std::to_string(net.meter->limits.source_bytes) +
                                        " bytes, found " + std::to_string(text.size()));
  }
  Reader r{.net = net, .tokenizer = tokenizer, .whole = text, .rest = text};
  for (skip_space(r); !r.rest.empty() && !is_over(*net.meter); skip_space(r)) {
    MR_TRY_VOID(read_definition(r));
  }
  if (is_over(*net.meter)) return tl::unexpected<Error>(over_limit(*net.meter));
  for (const auto& [name, rule] : r.rules) {
    if (!r.defined.contains(name)) {
      return fail(Fault::bad_request, "grammar: rule " + quote(name) + " is not defined");
    }
  }
  const auto root = r.rules.find("root");
  if (root == r.rules.end()) return fail(Fault::bad_request, "grammar: there is no rule 'root'");
  return root->second;
}

}  // namespace mr::text::grammar
