#include "text/scan.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/rng.h"
#include "text/regex.h"

namespace mr::text {
namespace {

// One or more of every class that a rule distinguishes, and of what backtracking turns on.
constexpr auto kCharacters = std::to_array<std::string_view>(
    {"a",      "b",      "Z",      "S",      "s",          "t",      "e",      "r",      "l",
     "D",      "'",      "'",      " ",      " ",          " ",      "\t",     "\n",     "\n",
     "\r",     "/",      "0",      "7",      "!",          "$",      "_",      "~",      "\u017f",
     "\u00e9", "\u00c9", "\u01c5", "\u02b0", "\u0301",     "\u0301", "\u0903", "\u0915", "\u05d0",
     "\u4e2d", "\u6587", "\u3005", "\u3007", "\u2e80",     "\u3042", "\u30a2", "\uac00", "\u00b2",
     "\u2167", "\u0663", "\u00bd", "\u20ac", "\u3002",     "\u3000", "\u2019", "\u00a0", "\u0085",
     "\u2028", "\u200b", "\ufeff", "\u001b", "\U0001F642", "\u0f3a", "\uff01", "\u180e"});

std::string random_text(Rng& rng) {
  std::string text;
  const std::size_t n = 1 + below(rng, 24);
  // Few different characters in some texts, so that runs and their borders come up.
  const std::size_t first = below(rng, kCharacters.size());
  const std::size_t span = below(rng, 2) == 0 ? 4 : kCharacters.size();
  for (std::size_t i = 0; i < n; ++i) {
    text += kCharacters[(first + below(rng, span)) % kCharacters.size()];
  }
  return text;
}

using Matches = std::vector<std::string>;

Matches by_scanner(Scan scan, const std::string& text) {
  Matches matches;
  for (std::size_t at = 0; at < text.size();) {
    const Cut cut = scan(text.data() + at, text.data() + text.size());
    EXPECT_LE(at + cut.skip + cut.take, text.size());
    EXPECT_GT(cut.skip + cut.take, 0);
    at += cut.skip;
    if (cut.take != 0) matches.push_back(std::to_string(at) + ":" + text.substr(at, cut.take));
    at += cut.take;
  }
  return matches;
}

Matches by_regex(const Regex& regex, const std::string& text) {
  Matches matches;
  RegexSearch state(regex);
  for (std::size_t at = 0; at < text.size();) {
    const auto match = search(state, text, at);
    EXPECT_TRUE(match) << match.error().message;
    if (!match || !match->found) break;
    matches.push_back(std::to_string(match->begin) + ":" +
                      text.substr(match->begin, match->end - match->begin));
    at = match->end;
  }
  return matches;
}

TEST(Scan, GivesWhatTheRegularExpressionGives) {
  std::size_t n_patterns = 0;
  for (const Scanner& scanner : scanners()) {
    for (const std::string_view pattern : scanner.patterns) {
      const auto regex = make_regex(pattern);
      ASSERT_TRUE(regex) << regex.error().message;
      Rng rng{n_patterns++};
      for (int i = 0; i < 3000 && !testing::Test::HasFailure(); ++i) {
        const std::string text = random_text(rng);
        EXPECT_EQ(by_scanner(scanner.scan, text), by_regex(*regex, text))
            << scanner.name << " on " << testing::PrintToString(text);
      }
    }
  }
  EXPECT_GT(n_patterns, 20);
}

TEST(Scan, TakesLinearTimeOnOneCharacter) {
  constexpr std::size_t kBytes = 200'000;
  for (const Scanner& scanner : scanners()) {
    for (const std::string_view character : kCharacters) {
      if (character.empty()) continue;
      std::string text;
      while (text.size() < kBytes) text += character;
      text += "x ";
      std::size_t n = 0;
      for (std::size_t at = 0; at < text.size(); ++n) {
        const Cut cut = scanner.scan(text.data() + at, text.data() + text.size());
        ASSERT_GT(cut.skip + cut.take, 0) << scanner.name;
        at += cut.skip + cut.take;
      }
      EXPECT_LE(n, text.size());
    }
  }
}

TEST(Scan, KnowsPreTokenizersByName) {
  for (const char* pre :
       {"gpt-2", "llama-bpe", "qwen2", "deepseek-llm", "deepseek-v3", "deepseek-r1-qwen", "gpt-4o",
        "llama4", "falcon", "starcoder", "tekken", "kimi-k2"}) {
    const auto names = scanners_of_pre(pre);
    EXPECT_FALSE(names.empty()) << pre;
    for (const std::string_view name : names) EXPECT_NE(scanner_by_name(name), nullptr) << name;
  }
  EXPECT_TRUE(scanners_of_pre("").empty());
  EXPECT_TRUE(scanners_of_pre("no such thing").empty());
}

}  // namespace
}  // namespace mr::text
