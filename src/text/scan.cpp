#include "text/scan.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "text/scan_ranges.h"

namespace mr::text {
namespace {

/// A character with its classes.
struct Char {
  Classes classes = 0;
  std::uint32_t bytes = 1;
  std::uint32_t value = kInvalidCodePoint;
};

inline Char look(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  if (byte < 0x80) return {kAsciiClasses[byte], 1, byte};
  const CodePoint c = decode_multibyte(p, end);
  return {classify_wide(c.value), c.bytes, c.value};
}

/// Past all characters that have one of the classes (or, of `skip_until`, up to the first).
inline const char* skip_while(const char* p, const char* end, Classes classes) {
  while (p < end) {
    const Char c = look(p, end);
    if ((c.classes & classes) == 0) break;
    p += c.bytes;
  }
  return p;
}

inline const char* skip_until(const char* p, const char* end, Classes classes) {
  while (p < end) {
    const Char c = look(p, end);
    if ((c.classes & classes) != 0) break;
    p += c.bytes;
  }
  return p;
}

inline const char* skip_newlines(const char* p, const char* end, bool slash) {
  while (p < end && (*p == '\r' || *p == '\n' || (slash && *p == '/'))) ++p;
  return p;
}

inline Cut cut(const char* p, const char* to) {
  return {0, static_cast<std::size_t>(to - p)};
}

/// `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe: its bytes, or 0. Regardless of case the long s
/// (U+017F) folds to s.
std::size_t contraction(const char* p, const char* end, bool any_case) {
  if (end - p < 2) return 0;
  const auto letter = [&](std::ptrdiff_t i) {
    const char c = p[i];
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const char first = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (end - p < 3) return 0;
  const char second = letter(2);
  if (second == 'e' && (first == 'r' || first == 'v')) return 3;
  if (second == 'l' && first == 'l') return 3;
  if (any_case && p[1] == '\xC5' && p[2] == '\xBF') return 3;
  return 0;
}

/// `\s+(?!\S)|\s+` at a white space character; `newlines`: `\s*[\r\n]+` before them.
template <bool js_space>
Classes classes_of(const Char& c) {
  if constexpr (js_space) {  // \s of JavaScript: with U+FEFF, without U+0085
    if (c.value == 0xFEFF) return kSpace;
    if (c.value == 0x85) return 0;
  }
  return c.classes;
}

template <bool newlines, bool js_space = false>
Cut white_space(const char* p, const char* end) {
  const char* after_newline = nullptr;
  const char* last = p;  // the last character of the run
  const char* q = p;
  while (q < end) {
    const Char c = look(q, end);
    if ((classes_of<js_space>(c) & kAnySpace) == 0) break;
    last = q;
    q += c.bytes;
    if (c.classes & kNewline) after_newline = q;
  }
  if (newlines && after_newline != nullptr) return cut(p, after_newline);
  if (q == end || last == p) return cut(p, q);
  return cut(p, last);
}

/// `'s|...|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
template <bool js_space>
Cut scan_gpt2(const char* p, const char* end) {
  if (*p == '\'') {
    if (const std::size_t n = contraction(p, end, false)) return {0, n};
  }
  const char* q = p + (*p == ' ' && p + 1 < end ? 1 : 0);
  const Char c = look(q, end);
  const Classes classes = classes_of<js_space>(c);
  if (classes & kAnySpace) return white_space<false, js_space>(p, end);
  q += c.bytes;
  if (classes & kLetter) return cut(p, skip_while(q, end, kLetter));
  if (classes & kNumber) return cut(p, skip_while(q, end, kNumber));
  while (q < end) {
    const Char next = look(q, end);
    if (classes_of<js_space>(next) & (kAnySpace | kLetter | kNumber)) break;
    q += next.bytes;
  }
  return cut(p, q);
}

/// The rules that came with cl100k, in their variants.
struct WordRules {
  int max_digits = 3;
  Classes letters = kLetter;  // what words are made of
  bool contractions = true;   // before words (o200k and its kin have them after words)
  bool space_end = false;     // `\s++$` before the newline rule
};

template <WordRules rules>
Cut scan_words(const char* p, const char* end) {
  if (rules.contractions && *p == '\'') {
    if (const std::size_t n = contraction(p, end, true)) return {0, n};
  }
  const Char c = look(p, end);
  const char* const next = p + c.bytes;
  if (c.classes & rules.letters) return cut(p, skip_while(next, end, rules.letters));
  if (c.classes & kNumber) {
    const char* q = next;
    for (int n = 1; n < rules.max_digits && q < end; ++n) {
      const Char digit = look(q, end);
      if ((digit.classes & kNumber) == 0) break;
      q += digit.bytes;
    }
    return cut(p, q);
  }
  Char after;
  if (next < end) {
    after = look(next, end);
    if ((c.classes & (kNewline | kLetter)) == 0 && (after.classes & rules.letters)) {
      return cut(p, skip_while(next + after.bytes, end, rules.letters));
    }
  }
  constexpr Classes kNotOther = kAnySpace | kNumber | rules.letters | kLetter;
  if ((c.classes & kNotOther) == 0 ||
      (c.value == ' ' && next < end && (after.classes & kNotOther) == 0)) {
    return cut(p, skip_newlines(skip_until(next, end, kNotOther), end, false));
  }
  if (rules.space_end && skip_while(p, end, kAnySpace) == end) return cut(p, end);
  return white_space<true>(p, end);
}

/// The rules of o200k and its kin, where words change at a capital letter.
struct CasedRules {
  int max_digits = 3;
  bool contractions = true;  // after a word
  bool slash = true;         // among the newlines that follow punctuation
  bool han = false;          // Han apart from other words
};

/// The word at q, after its optional prefix: `U*W+` or null where that fails, U and W being
/// capitals and small letters, both with what has no case. Backtracking leaves: where a small
/// letter follows the run of U, the word goes on to the end of the run of W; otherwise it ends
/// after the last caseless character of the run of U. `capitals`: the end of the run of U.
template <CasedRules rules>
const char* cased_word(const char* q, const char* end, const char** capitals) {
  constexpr Classes kCaseless = kModifier | kOtherLetter | kMark;
  const auto classes = [](const Char& c) -> Classes {
    return rules.han && (c.classes & kHan) ? Classes{0} : c.classes;
  };
  const char* after_caseless = nullptr;
  while (q < end) {
    const Char c = look(q, end);
    const Classes found = classes(c);
    if ((found & (kUpper | kTitle | kCaseless)) == 0) break;
    q += c.bytes;
    if (found & kCaseless) after_caseless = q;
  }
  *capitals = q;
  const char* small = q;
  while (small < end) {
    const Char c = look(small, end);
    if ((classes(c) & (kLower | kCaseless)) == 0) break;
    small += c.bytes;
  }
  return small > q ? small : after_caseless;
}

template <CasedRules rules>
Cut scan_cased(const char* p, const char* end) {
  const Char c = look(p, end);
  const char* const next = p + c.bytes;
  if (rules.han && (c.classes & kHan)) return cut(p, skip_while(next, end, kHan));
  const auto with_suffix = [&](const char* q) {
    if (rules.contractions && q < end && *q == '\'') q += contraction(q, end, true);
    return cut(p, q);
  };
  const bool prefix = (c.classes & (kNewline | kLetter | kNumber)) == 0;
  const bool bare = (c.classes & (kLetter | kMark)) != 0;  // p may begin a word itself
  const char* prefixed_capitals = next;
  const char* capitals = p;
  if (prefix && next < end) {
    if (const char* q = cased_word<rules>(next, end, &prefixed_capitals)) return with_suffix(q);
  }
  if (bare) {
    if (const char* q = cased_word<rules>(p, end, &capitals)) return with_suffix(q);
  }
  if (prefix && prefixed_capitals > next) return with_suffix(prefixed_capitals);
  if (bare && capitals > p) return with_suffix(capitals);
  if (c.classes & kNumber) {
    const char* q = next;
    for (int n = 1; n < rules.max_digits && q < end; ++n) {
      const Char digit = look(q, end);
      if ((digit.classes & kNumber) == 0) break;
      q += digit.bytes;
    }
    return cut(p, q);
  }
  constexpr Classes kNotOther = kAnySpace | kLetter | kNumber;
  if ((c.classes & kNotOther) == 0 ||
      (c.value == ' ' && next < end && (look(next, end).classes & kNotOther) == 0)) {
    return cut(p, skip_newlines(skip_until(next, end, kNotOther), end, rules.slash));
  }
  return white_space<true>(p, end);
}

/// `[ASCII punctuation][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|` and
/// the white space rules. Numbers were split off before; a lone control character matches nothing.
Cut scan_deepseek3(const char* p, const char* end) {
  const auto ascii_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const Char c = look(p, end);
  const char* const next = p + c.bytes;
  constexpr Classes kSign = kPunct | kSymbol;
  constexpr Classes kWord = kLetter | kMark;
  if (c.value < 0x80 && (c.classes & kSign) && next < end && ascii_letter(*next)) {
    const char* q = next;
    while (q < end && ascii_letter(*q)) ++q;
    return cut(p, q);
  }
  if (c.classes & kWord) return cut(p, skip_while(next, end, kWord));
  const Classes after = next < end ? look(next, end).classes : Classes{0};
  if ((c.classes & (kNewline | kSign)) == 0 && (after & kWord)) {
    return cut(p, skip_while(next, end, kWord));
  }
  if ((c.classes & kSign) || (c.value == ' ' && (after & kSign))) {
    return cut(p, skip_newlines(skip_while(next, end, kSign), end, false));
  }
  if (c.classes & kAnySpace) return white_space<true>(p, end);
  return {c.bytes, 0};
}

/// Runs of at most `max` characters that `is` takes; `spaced`: one white space may come first.
template <bool (*is)(const Char&), int max, bool spaced>
Cut scan_runs(const char* p, const char* end) {
  const char* q = p;
  Char c = look(q, end);
  for (bool found = is(c);;) {
    const char* run = q + c.bytes;
    if (!found) {
      if (run == end) return {static_cast<std::size_t>(end - p), 0};
      const Char next = look(run, end);
      found = is(next);
      if (!spaced || !found || (c.classes & kAnySpace) == 0) {
        q = run;
        c = next;
        continue;
      }
      run += next.bytes;
    }
    for (int n = 1; (max == 0 || n < max) && run < end; ++n) {
      const Char more = look(run, end);
      if (!is(more)) break;
      run += more.bytes;
    }
    return {static_cast<std::size_t>(q - p), static_cast<std::size_t>(run - q)};
  }
}

bool is_number(const Char& c) {
  return (c.classes & kNumber) != 0;
}
bool is_letter(const Char& c) {
  return (c.classes & kLetter) != 0;
}
bool is_punct(const Char& c) {
  return (c.classes & kPunct) != 0;
}
bool is_space(const Char& c) {
  return (c.classes & kAnySpace) != 0;
}
bool is_newline(const Char& c) {
  return (c.classes & kNewline) != 0;
}
bool is_ascii_or_punct(const Char& c) {
  return (c.classes & kPunct) != 0 || (c.value < 0x80 && (c.classes & kSymbol) != 0);
}
bool is_cjk_or_kana(const Char& c) {
  return (c.value >= 0x4E00 && c.value <= 0x9FA5) || (c.value >= 0x3040 && c.value <= 0x30FF);
}
bool is_wide_script(const Char& c) {
  return (c.value >= 0x800 && c.value <= 0x9FA5) || (c.value >= 0xAC00 && c.value <= 0xD7FF);
}
bool is_cased_script(const Char& c) {
  if (c.value < 0x80) return (c.classes & kLetter) != 0;
  if ((c.classes & (kUpper | kTitle | kLower)) == 0) return false;  // as all of them are
  return in_ranges(kCasedScripts, c.value);
}
bool is_deepseek_sign(const Char& c) {
  const std::uint32_t v = c.value;
  return (v >= '!' && v <= '/') || (v >= ':' && v <= '~') || (v >= 0xFF01 && v <= 0xFF0F) ||
         (v >= 0xFF1A && v <= 0xFF5E) || (v >= 0x2018 && v <= 0x201F) ||
         (v >= 0x3000 && v <= 0x3002);
}

/// `[0-9][0-9][0-9]`
Cut scan_ascii_triples(const char* p, const char* end) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  for (const char* q = p; end - q >= 3; ++q) {
    if (digit(q[0]) && digit(q[1]) && digit(q[2])) return {static_cast<std::size_t>(q - p), 3};
  }
  return {static_cast<std::size_t>(end - p), 0};
}

/// Runs of bytes that GPT-2's alphabet writes as numbers: the digits and, by accident, those it
/// writes as superscripts and fractions. What Hugging Face's Digits makes of text after ByteLevel.
template <bool single>
Cut scan_byte_numbers(const char* p, const char* end) {
  const auto number = [](char c) {
    const auto b = static_cast<unsigned char>(c);
    return (b >= '0' && b <= '9') || b == 0xB2 || b == 0xB3 || b == 0xB9 ||
           (b >= 0xBC && b <= 0xBE);
  };
  const char* q = p;
  while (q < end && !number(*q)) ++q;
  const char* run = q;
  while (run < end && number(*run) && !(single && run > q)) ++run;
  return {static_cast<std::size_t>(q - p), static_cast<std::size_t>(run - q)};
}

/// `\s+$`: white space at the end of the text or, `$` being what it is in Ruby, before the last
/// newline of a run.
Cut scan_trailing_space(const char* p, const char* end) {
  for (const char* q = p; q < end;) {
    const char* const start = skip_until(q, end, kAnySpace);
    const char* newline = start;
    for (q = start; q < end;) {
      const Char c = look(q, end);
      if ((c.classes & kAnySpace) == 0) break;
      if (c.value == '\n') newline = q;
      q += c.bytes;
    }
    const char* const stop = q == end ? end : newline;
    if (stop > start) {
      return {static_cast<std::size_t>(start - p), static_cast<std::size_t>(stop - start)};
    }
  }
  return {static_cast<std::size_t>(end - p), 0};
}

constexpr std::array<std::string_view, 3> kGpt2Patterns{
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
    R"('s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
    R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)"};
constexpr std::array<std::string_view, 1> kLlama3Patterns{
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kCl100kPatterns{
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)"};
constexpr std::array<std::string_view, 1> kQwen2Patterns{
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kQwen35Patterns{
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N})"
    R"(| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kO200kPatterns{
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t)"
    R"(|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm})"
    R"(\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kTekkenPatterns{
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kKimiPatterns{
    R"([\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm})"
    R"(\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M})"
    R"(&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 2> kDeepseek3Patterns{
    "[!\"#$%&'()*+,\\-./"
    ":;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kNumberTriplePatterns{R"(\p{N}{1,3})"};
constexpr std::array<std::string_view, 2> kNumberPatterns{R"(\p{N})", R"(\p{N}{1})"};
constexpr std::array<std::string_view, 1> kNumbersPatterns{R"(\p{N}+)"};
constexpr std::array<std::string_view, 1> kCjkPatterns{"[一-龥぀-ゟ゠-ヿ]+"};
constexpr std::array<std::string_view, 2> kNewlinePatterns{"[\r\n]", R"([\r\n])"};
constexpr std::array<std::string_view, 1> kCasedPatterns{kCasedScriptsPattern};
constexpr std::array<std::string_view, 1> kSignPatterns{R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)"};
constexpr std::array<std::string_view, 1> kTrailingPatterns{R"(\s+$)"};
constexpr std::array<std::string_view, 1> kWidePatterns{"[一-龥ࠀ-一가-퟿]+"};
constexpr std::array<std::string_view, 1> kLettersPatterns{R"(\s?\p{L}+)"};
constexpr std::array<std::string_view, 1> kPunctsPatterns{R"(\s?\p{P}+)"};
constexpr std::array<std::string_view, 1> kTriplePatterns{"[0-9][0-9][0-9]"};

constexpr std::array<Scanner, 27> kScanners{{
    {"gpt2", scan_gpt2<false>, kGpt2Patterns},
    {"gpt2-js", scan_gpt2<true>, {}},
    {"llama3", scan_words<WordRules{}>, kLlama3Patterns},
    {"cl100k", scan_words<WordRules{.space_end = true}>, kCl100kPatterns},
    {"qwen2", scan_words<WordRules{.max_digits = 1}>, kQwen2Patterns},
    {"qwen3.5", scan_words<WordRules{.max_digits = 1, .letters = kLetter | kMark}>,
     kQwen35Patterns},
    {"o200k", scan_cased<CasedRules{}>, kO200kPatterns},
    {"tekken", scan_cased<CasedRules{.max_digits = 1, .contractions = false}>, kTekkenPatterns},
    {"kimi", scan_cased<CasedRules{.slash = false, .han = true}>, kKimiPatterns},
    {"deepseek3", scan_deepseek3, kDeepseek3Patterns},
    {"number-triples", scan_runs<is_number, 3, false>, kNumberTriplePatterns},
    {"number", scan_runs<is_number, 1, false>, kNumberPatterns},
    {"numbers", scan_runs<is_number, 0, false>, kNumbersPatterns},
    {"cjk-kana", scan_runs<is_cjk_or_kana, 0, false>, kCjkPatterns},
    {"newline", scan_runs<is_newline, 1, false>, kNewlinePatterns},
    {"cased-scripts", scan_runs<is_cased_script, 0, true>, kCasedPatterns},
    {"signs", scan_runs<is_deepseek_sign, 0, true>, kSignPatterns},
    {"trailing-space", scan_trailing_space, kTrailingPatterns},
    {"wide-scripts", scan_runs<is_wide_script, 0, false>, kWidePatterns},
    {"letters", scan_runs<is_letter, 0, true>, kLettersPatterns},
    {"puncts", scan_runs<is_punct, 0, true>, kPunctsPatterns},
    {"punctuation", scan_runs<is_ascii_or_punct, 0, false>, {}},
    {"ascii-triples", scan_ascii_triples, kTriplePatterns},
    {"punctuation-each", scan_runs<is_ascii_or_punct, 1, false>, {}},
    {"spaces", scan_runs<is_space, 0, false>, {}},
    {"byte-numbers", scan_byte_numbers<false>, {}},
    {"byte-number", scan_byte_numbers<true>, {}},
}};

/// One pre-tokenizer under all its names.
struct Pre {
  std::array<std::string_view, 14> names;
  std::array<std::string_view, 6> scanners;
};

constexpr std::array<Pre, 14> kPres{{
    {{"gpt-2", "gpt2", "r50k_base", "p50k_base", "phi-2", "mpt", "olmo", "jais", "trillion",
      "granite-docling", "jina-es", "jina-de", "roberta-bpe", "exaone4"},
     {"gpt2"}},
    {{"llama3", "llama-bpe", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
      "dbrx", "smaug-bpe", "glm4", "chatglm-bpe"},
     {"llama3"}},
    {{"cl100k_base", "cl100k"}, {"cl100k"}},
    {{"qwen2", "qwen", "qwen3", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez", "grok-2",
      "solar-open"},
     {"qwen2"}},
    {{"qwen35", "qwen3.5"}, {"qwen3.5"}},
    {{"o200k", "o200k_base", "o200k_harmony", "gpt-oss", "gpt-4o", "llama4", "minimax-m2"},
     {"o200k"}},
    {{"tekken"}, {"tekken"}},
    {{"kimi", "kimi-k2"}, {"kimi"}},
    {{"deepseek-llm"},
     {"newline", "cased-scripts", "signs", "trailing-space", "wide-scripts", "numbers"}},
    {{"deepseek-coder"}, {"newline", "letters", "puncts", "wide-scripts", "number"}},
    {{"deepseek-v3", "deepseek-r1", "hunyuan-dense", "joyai-llm"},
     {"number-triples", "cjk-kana", "deepseek3"}},
    {{"falcon"}, {"punctuation", "gpt2-js", "byte-numbers", "ascii-triples"}},
    {{"starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"},
     {"number", "gpt2"}},
    {{"default"}, {"gpt2"}},
}};

}  // namespace

std::span<const Scanner> scanners() {
  return kScanners;
}

std::string_view scanner_of_pattern(std::string_view pattern) {
  for (const Scanner& scanner : kScanners) {
    if (std::ranges::find(scanner.patterns, pattern) != scanner.patterns.end()) return scanner.name;
  }
  return {};
}

Scan scanner_by_name(std::string_view name) {
  const auto* found = std::ranges::find(kScanners, name, &Scanner::name);
  return found == kScanners.end() ? nullptr : found->scan;
}

std::span<const std::string_view> scanners_of_pre(std::string_view pre) {
  if (pre.empty()) return {};
  for (const Pre& known : kPres) {
    if (std::ranges::find(known.names, pre) == known.names.end()) continue;
    const auto n = std::ranges::find(known.scanners, std::string_view()) - known.scanners.begin();
    return std::span(known.scanners).first(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace mr::text
