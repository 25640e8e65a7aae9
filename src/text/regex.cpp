#include "text/regex.h"

#include <pcre2.h>

#include <array>
#include <string>

#include "base/quote.h"

namespace mr::text {
namespace {

constexpr std::uint32_t kMaxSteps = 10'000'000;
constexpr std::uint32_t kMaxDepth = 10'000;
constexpr std::uint32_t kMaxHeapKib = 64 * 1024;
constexpr std::size_t kMaxPatternBytes = 64 * 1024;

// White space as Oniguruma and Rust have it; PCRE2's \s has U+180E too.
constexpr std::string_view kSpaces =
    R"(\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";

constexpr std::string_view kWords = R"(\p{L}\p{M}\p{N}\p{Pc})";

/// Appends a class that is written out; in brackets unless it stands in some already.
void append_class(std::string& out, std::string_view members, bool inside, bool negated) {
  if (inside) {
    out += members;
  } else {
    out.append(negated ? "[^" : "[").append(members) += ']';
  }
}

/// The pattern with what PCRE2 reads otherwise written out: \s, \w and, outside of brackets, their
/// negations; and a script, which is to be the Script property, not Script_Extensions.
std::string translate(std::string_view pattern) {
  std::string out;
  bool inside = false;  // brackets
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '[') inside = true;
    if (c == ']') inside = false;
    if (c != '\\' || i + 1 == pattern.size()) {
      out += c;
      continue;
    }
    const char next = pattern[++i];
    if (next == 's' || (next == 'S' && !inside)) {
      append_class(out, kSpaces, inside, next == 'S');
    } else if (next == 'w' || (next == 'W' && !inside)) {
      append_class(out, kWords, inside, next == 'W');
    } else {
      (out += c) += next;
      const std::size_t name = pattern.substr(i + 1).find('}');
      const bool script = (next == 'p' || next == 'P') && pattern.substr(i + 1).starts_with('{') &&
                          name != std::string_view::npos && name > 3;
      if (script && pattern[i + 2] != '^' && pattern.substr(i + 2, name - 1) != "Any") {
        out += "{sc:";
        ++i;
      }
    }
  }
  return out;
}

pcre2_match_data* block_of(const RegexSearch& state) {
  return static_cast<pcre2_match_data*>(state.block);
}

}  // namespace

void FreeRegex::operator()(pcre2_real_code_8* code) const {
  pcre2_code_free(code);
}

Expected<Regex> make_regex(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return fail(Fault::bad_model, "a split pattern of " + std::to_string(pattern.size()) +
                                      " bytes; the limit is " + std::to_string(kMaxPatternBytes));
  }
  const std::string translated = translate(pattern);
  int error = 0;
  std::size_t place = 0;
  Regex regex;
  regex.code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF |
                                     PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY,
                                 &error, &place, nullptr));
  if (!regex.code) {
    std::array<unsigned char, 128> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return fail(Fault::bad_model, "the split pattern " + quote(pattern) + " is not usable: " +
                                      reinterpret_cast<const char*>(message.data()));
  }
  // Without JIT the interpreter does the same work, so a failure is none.
  pcre2_jit_compile(regex.code.get(), PCRE2_JIT_COMPLETE);
  return regex;
}

RegexSearch::RegexSearch(const Regex& searched) : regex(&searched) {
  block = pcre2_match_data_create(1, nullptr);
  auto* context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(context, kMaxSteps);
  pcre2_set_depth_limit(context, kMaxDepth);
  pcre2_set_heap_limit(context, kMaxHeapKib);
  limits = context;
}

RegexSearch::~RegexSearch() {
  pcre2_match_data_free(block_of(*this));
  pcre2_match_context_free(static_cast<pcre2_match_context*>(limits));
}

Expected<Match> search(RegexSearch& state, std::string_view text, std::size_t from) {
  const int found = pcre2_match(state.regex->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                text.size(), from, PCRE2_NOTEMPTY, block_of(state),
                                static_cast<pcre2_match_context*>(state.limits));
  if (found == PCRE2_ERROR_NOMATCH) return Match{};
  if (found < 0) {
    return fail(Fault::does_not_fit, "the tokenizer's split pattern exceeds its limits (PCRE2 " +
                                         std::to_string(found) + ") on this text of " +
                                         std::to_string(text.size()) + " bytes");
  }
  const std::size_t* at = pcre2_get_ovector_pointer(block_of(state));
  return Match{at[0], at[1], true};
}

}  // namespace mr::text
