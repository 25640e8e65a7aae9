#include "text/regex_syntax.h"

#include <algorithm>
#include <vector>

#include "text/regex_class.h"
#include "text/unicode.h"

namespace mr::text {
namespace {

constexpr std::size_t kNoAtom = ~std::size_t{0};

struct Group {
  std::size_t start = 0;  // of its bracket, in the output
  int options = 0;        // groups opened for options in its midst
};

struct Writer {
  std::string_view pattern;
  std::size_t at = 0;
  std::string out = {};
  std::vector<Group> groups = {{}};  // the first is the whole pattern
  std::size_t atom = kNoAtom;        // where what a quantifier would repeat begins
  bool repeated = false;             // that has a quantifier already
};

bool is_next(const Writer& w, std::string_view text) {
  return w.pattern.substr(w.at).starts_with(text);
}

void begin_atom(Writer& w) {
  w.atom = w.out.size();
  w.repeated = false;
}

/// The length of the interval `{n}`, `{n,}`, `{,m}` or `{n,m}` here, or 0.
std::size_t interval(std::string_view text) {
  std::size_t i = 1;
  std::size_t n_digits = 0;
  const auto digits = [&] {
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i, ++n_digits;
  };
  digits();
  if (i < text.size() && text[i] == ',') {
    ++i;
    digits();
  }
  return n_digits > 0 && i < text.size() && text[i] == '}' ? i + 1 : 0;
}

/// A quantifier here, of one character or `length` for an interval. What has one already becomes a
/// group: a `+` after an interval repeats it again, as Ruby has it.
void quantify(Writer& w, std::size_t length) {
  const bool counted = w.pattern[w.at] == '{';
  if (w.repeated) {
    w.out.insert(w.atom, "(?:");
    w.out += ')';
  }
  std::string text(w.pattern.substr(w.at, length));
  if (text.starts_with("{,")) text.insert(1, "0");
  w.out += text;
  w.at += length;
  if (is_next(w, "?") || (!counted && is_next(w, "+"))) w.out += w.pattern[w.at++];
  w.repeated = true;
}

/// `(?i)` and `(?i:`, past whose question mark `end` is looked for; false where there are none.
bool read_options(Writer& w) {
  if (!is_next(w, "(?")) return false;
  std::size_t end = w.at + 2;
  std::string letters;
  for (; end < w.pattern.size(); ++end) {
    const char c = w.pattern[end];
    if (c != 'i' && c != 'm' && c != 'x' && c != '-') break;
    letters += c == 'm' ? 's' : c;
  }
  const char last = end < w.pattern.size() ? w.pattern[end] : '\0';
  if (letters.empty() || (last != ')' && last != ':')) return false;
  if (last == ':') {
    w.groups.push_back({w.out.size()});
  } else {
    ++w.groups.back().options;
  }
  w.out.append("(?").append(letters).append(":");
  w.at = end + 1;
  w.atom = kNoAtom;
  return true;
}

/// The head of a group; what stands between `(?<` and `>` is a name.
void open_group(Writer& w) {
  if (read_options(w)) return;
  if (is_next(w, "(?#")) {
    const std::size_t end = w.pattern.find(')', w.at);
    w.at = end == std::string_view::npos ? w.pattern.size() : end + 1;
    return;
  }
  w.groups.push_back({w.out.size()});
  w.atom = kNoAtom;
  std::size_t head = 1;
  for (const std::string_view known : {"(?<=", "(?<!", "(?=", "(?!", "(?>", "(?:"}) {
    if (head == 1 && is_next(w, known)) head = known.size();
  }
  if (head == 1 && is_next(w, "(?<")) {
    const std::size_t end = w.pattern.find('>', w.at);
    if (end != std::string_view::npos) head = end + 1 - w.at;
  }
  w.out += w.pattern.substr(w.at, head);
  w.at += head;
}

void close_group(Writer& w) {
  const Group group = w.groups.back();
  if (w.groups.size() > 1) w.groups.pop_back();
  w.out.append(static_cast<std::size_t>(group.options) + 1, ')');
  w.atom = group.start;
  w.repeated = false;
  ++w.at;
}

/// An escape outside of brackets; `at` is at its backslash.
void read_escape(Writer& w) {
  begin_atom(w);
  std::size_t after = w.at + 1;
  ClassSet set;
  if (add_class_escape(set, w.pattern, after, false)) {
    w.out += expression(set, false);
    w.at = after;
    return;
  }
  const char c = w.at + 1 < w.pattern.size() ? w.pattern[w.at + 1] : '\0';
  const std::string word = "[" + std::string(kLoneWordMembers) + "]";
  const std::string border = "(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + ")";
  w.at += 2;
  if (c == 'b') {
    w.out.append("(?:").append(border).append(")");
  } else if (c == 'B') {
    w.out.append("(?!").append(border).append(")");
  } else if (c == 'O') {
    w.out += "(?s:.)";
  } else if (c == 'k' && is_next(w, "<")) {
    const std::size_t end = std::min(w.pattern.find('>', w.at), w.pattern.size() - 1);
    w.out.append(R"(\k)").append(w.pattern.substr(w.at, end + 1 - w.at));
    w.at = end + 1;
  } else if ((c >= '1' && c <= '9') ||
             (c != '\0' && std::string_view("AzZGKRXN").find(c) != std::string_view::npos)) {
    w.out.append({'\\', c});
  } else if (c != '\0') {
    append_escaped(w.out, w.pattern, --w.at);
  } else {
    w.out += '\\';  // for PCRE2 to refuse
    w.at = w.pattern.size();
  }
}

Expected<void> read_next(Writer& w) {
  const char c = w.pattern[w.at];
  if (c == '\\') {
    read_escape(w);
  } else if (c == '[') {
    begin_atom(w);
    ++w.at;
    MR_TRY(const std::string read, read_class(w.pattern, w.at));
    w.out += read;
  } else if (c == '(') {
    open_group(w);
  } else if (c == ')') {
    close_group(w);
  } else if (w.atom != kNoAtom && (c == '*' || c == '+' || c == '?')) {
    quantify(w, 1);
  } else if (const std::size_t n = c == '{' ? interval(w.pattern.substr(w.at)) : 0;
             n != 0 && w.atom != kNoAtom) {
    quantify(w, n);
  } else if (c == '|' || c == '^' || c == '$' || c == '.') {
    w.atom = c == '|' ? kNoAtom : w.out.size();
    w.repeated = false;
    w.out += c;
    ++w.at;
  } else {
    begin_atom(w);
    const char* const end = w.pattern.data() + w.pattern.size();
    const std::size_t bytes = decode(w.pattern.data() + w.at, end).bytes;
    if (c == '{' || c == '}' || c == ']') w.out += '\\';
    w.out += w.pattern.substr(w.at, bytes);
    w.at += bytes;
  }
  return {};
}

}  // namespace

Expected<std::string> to_pcre2(std::string_view pattern) {
  Writer w{.pattern = pattern};
  while (w.at < pattern.size()) MR_TRY_VOID(read_next(w));
  w.out.append(static_cast<std::size_t>(w.groups[0].options), ')');
  return std::move(w.out);
}

}  // namespace mr::text
