#include "text/regex_class.h"

#include <algorithm>
#include <array>
#include <utility>

#include "text/regex_property.h"
#include "text/unicode.h"

namespace mr::text {
namespace {

constexpr int kMaxClassDepth = 16;  // of nested classes

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

void add(ClassSet& set, std::string_view members, bool negated) {
  if (negated) {
    set.others.append("|[^").append(members).append("]");
  } else {
    set.members += members;
  }
}

/// `[:alpha:]` and its like at `at`, which is at the bracket.
bool add_posix(ClassSet& set, std::string_view pattern, std::size_t& at) {
  const std::size_t end = pattern.find(":]", at);
  if (!pattern.substr(at).starts_with("[:") || end == std::string_view::npos) return false;
  std::string_view name = pattern.substr(at + 2, end - at - 2);
  const bool negated = name.starts_with('^');
  if (negated) name.remove_prefix(1);
  const Property property = posix_property(name);
  if (property.members.empty()) return false;
  add(set, property.members, property.negated != negated);
  at = end + 2;
  return true;
}

/// Adds a single property, which PCRE2 can negate in a class.
void add_property(ClassSet& set, std::string_view name, bool negated) {
  set.members.append(negated ? R"(\P{)" : R"(\p{)").append(name).append("}");
}

/// The character at `at`, escaped or not, as a class holds it.
std::string read_member(std::string_view pattern, std::size_t& at) {
  std::string member;
  if (pattern[at] == '\\' && at + 1 < pattern.size()) {
    append_escaped(member, pattern, ++at);
    return member;
  }
  const std::size_t n = decode(pattern.data() + at, pattern.data() + pattern.size()).bytes;
  append_literal(member, pattern.substr(at, n));
  at += n;
  return member;
}

struct Nested {
  std::string_view pattern;
  std::size_t at = 0;
  int depth = 0;
};

Expected<std::string> read_nested(Nested& in);

/// Adds what stands at `in.at` to the set: a class in the class, an escape, a range or a character.
Expected<void> read_item(Nested& in, ClassSet& set) {
  const std::string_view pattern = in.pattern;
  if (pattern[in.at] == '[') {
    if (add_posix(set, pattern, in.at)) return {};
    ++in.at;
    MR_TRY(const std::string inner, read_nested(in));
    set.others.append("|").append(inner);
    return {};
  }
  if (pattern[in.at] == '\\') {
    std::size_t after = in.at + 1;
    if (add_class_escape(set, pattern, after, true)) {
      in.at = after;
      return {};
    }
  }
  set.members += read_member(pattern, in.at);
  const bool range = in.at + 1 < pattern.size() && pattern[in.at] == '-' &&
                     pattern[in.at + 1] != ']' && pattern[in.at + 1] != '[';
  if (!range) return {};
  std::size_t last = in.at + 1;
  ClassSet ignored;
  if (pattern[last] == '\\' && add_class_escape(ignored, pattern, ++last, true)) return {};
  ++in.at;
  set.members.append("-").append(read_member(pattern, in.at));
  return {};
}

/// A class from past its bracket: unions, joined by `&&`.
Expected<std::string> read_nested(Nested& in) {
  if (++in.depth > kMaxClassDepth) return fail(Fault::bad_model, "classes nested too deep");
  const std::string_view pattern = in.pattern;
  const bool negated = in.at < pattern.size() && pattern[in.at] == '^';
  in.at += negated;
  ClassSet set;
  std::string before;  // lookaheads for the sets before the last `&&`
  for (bool first = true;; first = false) {
    if (in.at >= pattern.size()) return fail(Fault::bad_model, "a class without its end");
    if (pattern[in.at] == ']' && !first) break;
    if (pattern.substr(in.at).starts_with("&&")) {
      in.at += 2;
      before.append("(?=").append(expression(set, false)).append(")");
      set = {};
      continue;
    }
    MR_TRY_VOID(read_item(in, set));
  }
  ++in.at;
  --in.depth;
  if (before.empty()) return expression(set, negated);
  const std::string all = before + expression(set, false);
  return negated ? "(?:(?!" + all + ")(?s:.))" : "(?:" + all + ")";
}

}  // namespace

bool add_class_escape(ClassSet& set, std::string_view pattern, std::size_t& at, bool inside) {
  const char c = at < pattern.size() ? pattern[at] : '\0';
  const std::string_view word = inside ? kWordMembers : kLoneWordMembers;
  const auto simple = [&](std::string_view members, char negative) {
    add(set, members, c == negative);
    ++at;
    return true;
  };
  switch (c) {
    case 'w':
    case 'W':
      return simple(word, 'W');
    case 's':
    case 'S':
      add_property(set, "White_Space", c == 'S');
      ++at;
      return true;
    case 'd':
    case 'D':
      add_property(set, "Nd", c == 'D');
      ++at;
      return true;
    case 'h':
    case 'H':
      return simple("0-9A-Fa-f", 'H');
    default:
      break;
  }
  const std::size_t end = pattern.find('}', at);
  if ((c != 'p' && c != 'P') || !pattern.substr(at + 1).starts_with('{') ||
      end == std::string_view::npos) {
    return false;
  }
  std::string_view name = pattern.substr(at + 2, end - at - 2);
  const bool caret = name.starts_with('^');
  if (caret) name.remove_prefix(1);
  const Property property = unicode_property(name, inside);
  const bool negated = ((c == 'P') != caret) != property.negated;
  const std::string_view members = property.members;
  if (members.starts_with(R"(\p{)") && members.find('}') == members.size() - 1) {
    add_property(set, members.substr(3, members.size() - 4), negated);
  } else {
    add(set, members, negated);
  }
  at = end + 1;
  return true;
}

std::string expression(const ClassSet& set, bool negated) {
  if (set.others.empty()) {
    if (set.members.empty()) return negated ? "(?s:.)" : "(?!)";
    return (negated ? "[^" : "[") + set.members + "]";
  }
  const std::string first = set.members.empty() ? "" : "[" + set.members + "]";
  const std::string any = "(?:" + (first.empty() ? set.others.substr(1) : first + set.others) + ")";
  return negated ? "(?:(?!" + any + ")(?s:.))" : any;
}

Expected<std::string> read_class(std::string_view pattern, std::size_t& at) {
  Nested in{pattern, at};
  auto read = read_nested(in);
  at = in.at;
  return read;
}

void append_literal(std::string& out, std::string_view character) {
  const char c = character[0];
  const bool sign = (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
                    (c >= '{' && c <= '~');
  if (character.size() == 1 && sign) out += '\\';
  out += character;
}

void append_escaped(std::string& out, std::string_view pattern, std::size_t& at) {
  constexpr std::array<std::pair<char, std::string_view>, 7> kControls{{{'n', R"(\n)"},
                                                                        {'t', R"(\t)"},
                                                                        {'r', R"(\r)"},
                                                                        {'f', R"(\f)"},
                                                                        {'v', R"(\x0b)"},
                                                                        {'a', R"(\a)"},
                                                                        {'e', R"(\e)"}}};
  const char c = pattern[at];
  const auto* control = std::ranges::find(kControls, c, &std::pair<char, std::string_view>::first);
  if (control != kControls.end()) {
    out += control->second;
    ++at;
    return;
  }
  const auto digits = [&](std::size_t from, std::size_t most, bool (*is)(char)) {
    std::size_t n = 0;
    while (n < most && from + n < pattern.size() && is(pattern[from + n])) ++n;
    return pattern.substr(from, n);
  };
  std::string_view number;
  if (c == 'x' && pattern.substr(at + 1).starts_with('{')) {
    number = digits(at + 2, 8, is_hex);
    const std::size_t end = at + 2 + number.size();
    if (end < pattern.size() && pattern[end] == '}' && !number.empty()) {
      out.append(R"(\x{)").append(number).append("}");
      at = end + 1;
      return;
    }
  } else if (c == 'x' || c == 'u') {
    number = digits(at + 1, c == 'x' ? 2 : 4, is_hex);
    if (!number.empty()) {
      out.append(R"(\x{)").append(number).append("}");
      at += 1 + number.size();
      return;
    }
  } else if (is_octal(c)) {
    number = digits(at, 3, is_octal);
    out.append(R"(\o{)").append(number).append("}");
    at += number.size();
    return;
  }
  const std::size_t n = decode(pattern.data() + at, pattern.data() + pattern.size()).bytes;
  append_literal(out, pattern.substr(at, n));
  at += n;
}

}  // namespace mr::text
