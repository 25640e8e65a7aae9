#include "text/regex_syntax.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "text/split.h"

namespace mr::text {
namespace {

/// The parts of a text, with `|` between them, or the error.
std::string parts(const std::string& pattern, std::string_view text,
                  SplitBehaviour behaviour = SplitBehaviour::isolated) {
  std::vector<SplitStep> steps;
  steps.push_back({.kind = SplitStep::Kind::regex, .text = pattern, .behaviour = behaviour});
  const auto splitter = make_splitter(std::move(steps));
  if (!splitter) return splitter.error().message;
  std::string out;
  const auto done = split(*splitter, 0, text, true, [&](std::string_view word) {
    out.append(out.empty() ? "" : "|").append(word);
  });
  return done ? out : done.error().message;
}

struct Case {
  const char* pattern;
  const char* text;
  const char* wanted;
};

// What tokenizers 0.23 (Oniguruma) makes of them with Split(Regex(pattern), "isolated").
constexpr Case kCases[] = {
    {R"(\p{N}{1,3}+)", "1234567 89", "1234567| |89"},
    {R"(a{2}+)", "aaaaa", "aaaa|a"},
    {R"(a{,2})", "aaab", "aa|a|b"},
    {R"(a**)", "aaa", "aaa"},
    {R"(a{n})", "a{n}", "a{n}"},
    {R"(a{)", "a{b", "a{|b"},
    {R"(])", "a]b", "a|]|b"},
    {R"(^\w)", "ab\ncd\n", "a|b\n|c|d\n"},
    {R"(\w$)", "ab\ncd\n", "a|b|\nc|d|\n"},
    {R"(\w\Z)", "ab\ncd\n", "ab\nc|d|\n"},
    {R"(\w\z)", "ab\ncd\n", "ab\ncd\n"},
    {R"(\Gx)", "xxax", "x|x|ax"},
    {R"((?<=[a-z])(?=[A-Z]))", "camelCaseABc", "camel|Case|ABc"},
    {R"(x*)", "axxb", "a|xx|b"},
    {"", "abc", "a|b|c"},
    {R"(\b)", "ab cd", "ab| |cd"},
    {R"(a(?i)b|c)", "aB C ac aC", "aB| C |ac| |aC"},
    {R"((?i:'s))", "'\u017f", "'\u017f"},
    {R"((?m:a.b))", "a\nb", "a\nb"},
    {R"((?x: a b ))", "abc", "ab|c"},
    {R"((?#c)a)", "ab", "a|b"},
    {R"((?<n>a)\k<n>)", "aab", "aa|b"},
    {R"([a&&])", "a&", "a&"},
    {R"([a&b])", "a&b", "a|&|b"},
    {R"([a-c-e])", "abde-", "a|b|d|e|-"},
    {R"([[a-c]-e])", "abd-e", "a|b|d|-|e"},
    {R"([]])", "a]", "a|]"},
    {R"([^]])", "a]", "a|]"},
    {R"([a-z[0-9]]+)", "ab1-2", "ab1|-|2"},
    {R"([^a-z[0-9]]+)", "ab1-2", "ab1|-|2"},
    {R"([\p{L}&&[^a-m]]+)", "maxyb", "ma|xy|b"},
    {R"([^\p{L}&&[^a]]+)", "b1-b", "b|1-|b"},
    {R"([\p{L}&&\p{Lu}&&[^A]]+)", "aABCa", "aA|BC|a"},
    {R"([[:^space:]&&\p{L}]+)", "ab 1c", "ab| 1|c"},
    {R"([\W]+)", "a\u00b2\u0301-b", "a|\u00b2|\u0301|-|b"},
    {R"(\w+)", "a\u00b2\u0301-\u24b6", "a\u00b2\u0301|-|\u24b6"},
    {R"([^\W\d]+)", "ab1c", "ab|1|c"},
    {R"([\S]+)", "a\u180e b", "a\u180e| |b"},
    {R"(\h+)", "xfAg", "x|fA|g"},
    {R"(\H+)", "xfAg", "x|fA|g"},
    {R"([[:punct:]]+)", "a+$!b", "a|+$!|b"},
    {R"(\p{Punct}+)", "a+!b", "a+|!|b"},
    {R"([[:alpha:]]+)", "a\u2160\u00b2", "a\u2160|\u00b2"},
    {R"(\p{Alphabetic}+)", "1a\u24b6", "1|a\u24b6"},
    {R"(\p{Uppercase_Letter}+)", "aBC", "a|BC"},
    {R"(\p{^L}+)", "a12b", "a|12|b"},
    {R"(\P{Han}+)", "\u4e2da", "\u4e2d|a"},
    {R"(\u4e00+)", "a\u4e00\u4e00", "a|\u4e00\u4e00"},
    {R"([\u4e00-\u9fff]+)", "a\u4e2db", "a|\u4e2d|b"},
    {R"(\pL)", "apLb", "a|pL|b"},
    {R"(\v)", "a\u000b\n", "a|\u000b|\n"},
    {R"(\O)", "a\n", "a|\n"},
    {R"(\/)", "a/", "a|/"},
    {R"(\j)", "aj", "a|j"},
};

TEST(RegexSyntax, ReadsPatternsAsOnigurumaDoes) {
  for (const Case& row : kCases) EXPECT_EQ(parts(row.pattern, row.text), row.wanted) << row.pattern;
}

TEST(RegexSyntax, EmptyMatchesCutAsHuggingFacesDo) {
  EXPECT_EQ(parts("x*", "axxb", SplitBehaviour::removed), "a|b");
  EXPECT_EQ(parts("x*", "axxb", SplitBehaviour::merged_with_previous), "axx|b");
  EXPECT_EQ(parts("x*", "axxb", SplitBehaviour::merged_with_next), "a|xxb");
}

TEST(RegexSyntax, RefusesWhatHasNoMeaning) {
  for (const char* pattern : {"[", "[a", "[]", "[a&&", "(", ")", "*", "\\", "\\p{Nonsense}"}) {
    EXPECT_NE(parts(pattern, "abc").find("not usable"), std::string::npos) << pattern;
  }
  EXPECT_NE(parts(std::string(100, '['), "abc").find("nested"), std::string::npos);
}

}  // namespace
}  // namespace mr::text
