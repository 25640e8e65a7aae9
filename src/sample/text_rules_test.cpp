// Rules of texts against their definition, with the tokenizer of the shipped model.
#include "sample/text_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "sample/chain.h"
#include "text/end_tokens.h"
#include "text/vocab.h"

namespace mr::sample {
namespace {

using Tokens = std::vector<std::int32_t>;
using Texts = std::vector<std::string>;

struct Fixture {
  text::Tokenizer tok;
  Texts pieces;
};

const Fixture& fixture() {
  static const Fixture kFixture = [] {
    const std::string folder = MILLRACE_SOURCE_DIR "/models/";
    std::ifstream file(folder + "default");
    std::string name;
    std::getline(file, name);
    Fixture made{.tok = *text::make_tokenizer(*text::read_vocab(folder + name)), .pieces = {}};
    for (std::size_t id = 0; id < text::n_tokens(made.tok); ++id) {
      const auto token = static_cast<text::Id>(id);
      const bool control = text::is_control(made.tok, token);
      made.pieces.push_back(control ? "" : text::piece_bytes(made.tok, token, false));
    }
    return made;
  }();
  return kFixture;
}

std::string text_of(std::span<const std::int32_t> tokens) {
  std::string out;
  for (const std::int32_t token : tokens) out += fixture().pieces[static_cast<std::size_t>(token)];
  return out;
}

Tokens tokens_of(const std::string& text) {
  const auto ids = text::encode(fixture().tok, text);
  return {ids->begin(), ids->end()};
}

/// The tokens that are left after a history of `prompt` and `answer`.
Tokens left(const TextRules& rules, const Tokens& prompt, const Tokens& answer,
            const Tokens& stops = {}) {
  Candidates c;
  start(c, std::vector<float>(fixture().pieces.size(), 0.0F));
  const History history{
      .before = prompt, .path = answer, .n_prompt = static_cast<std::int32_t>(prompt.size())};
  apply(c, rules, history, stops);
  Tokens out;
  for (std::size_t i = 0; i < c.logit.size(); ++i) {
    if (c.logit[i] != kNever) out.push_back(token_of(c, i));
  }
  return out;
}

TEST(TextRules, BanWhatWouldCompleteAText) {
  const Texts banned{"the", " little dog", "\n\n", "a", "\xE2\x80\x99"};
  for (const std::string& text : banned) {
    const auto rules = make_text_rules(fixture().tok, std::span(&text, 1), {});
    ASSERT_TRUE(rules);
    std::size_t n_banned = 0;
    for (const std::string before : {"", "x t", "a litt", "and a little do", "\n", "\xE2\x80"}) {
      if (before.find(text) != std::string::npos) continue;
      const Tokens answer = tokens_of(before);
      Tokens wanted;
      for (std::size_t id = 0; id < fixture().pieces.size(); ++id) {
        const std::string whole = text_of(answer) + fixture().pieces[id];
        if (whole.find(text) == std::string::npos) wanted.push_back(static_cast<std::int32_t>(id));
      }
      EXPECT_EQ(wanted, left(*rules, tokens_of("the"), answer)) << text << " after " << before;
      n_banned += fixture().pieces.size() - wanted.size();
    }
    EXPECT_GT(n_banned, 0U) << text;
  }
}

TEST(TextRules, AllowOnlyWhatGoesOnWithAChoice) {
  const Texts choices{"yes", "yesterday", "no\n"};
  const auto rules = make_text_rules(fixture().tok, {}, choices);
  ASSERT_TRUE(rules);
  const Tokens stops{2, 5};
  for (const std::string before : {"", "y", "yes", "yest", "no", "no\n", "maybe"}) {
    Tokens wanted;
    for (std::size_t id = 0; id < fixture().pieces.size(); ++id) {
      const std::string& piece = fixture().pieces[id];
      const bool goes_on = std::ranges::any_of(
          choices, [&](const std::string& text) { return text.starts_with(before + piece); });
      if (goes_on && !piece.empty()) wanted.push_back(static_cast<std::int32_t>(id));
    }
    if (std::ranges::find(choices, before) != choices.end()) {
      wanted.insert(wanted.end(), stops.begin(), stops.end());
      std::ranges::sort(wanted);
    }
    EXPECT_EQ(wanted, left(*rules, tokens_of("yes"), tokens_of(before), stops)) << before;
  }
}

TEST(TextRules, HoldForWholeAnswers) {
  const Texts banned{"e", " t"};
  const Texts choices{"red apples", "green apples", "red"};
  const Tokens stops = text::end_tokens(fixture().tok);
  Params bans;
  bans.texts = *make_text_rules(fixture().tok, banned, {});
  Params chosen;
  chosen.texts = *make_text_rules(fixture().tok, {}, choices);
  std::vector<std::size_t> n_seen(choices.size());
  for (std::uint32_t choice = 0; choice < 60; ++choice) {
    for (const Params* params : {&bans, &chosen}) {
      Tokens answer;
      Candidates c;
      while (answer.size() < 30 &&
             (answer.empty() || std::ranges::find(stops, answer.back()) == stops.end())) {
        start(c, std::vector<float>(fixture().pieces.size(), 0.0F));
        const Place place{
            .choice = choice, .history = {.before = answer, .path = {}}, .stop_tokens = stops};
        answer.push_back(pick(c, *params, place).token);
        ASSERT_GE(answer.back(), 0);
      }
      const std::string text = text_of(answer);
      if (params == &bans) {
        for (const std::string& one : banned) EXPECT_EQ(std::string::npos, text.find(one));
      } else {
        const auto at = std::ranges::find(choices, text);
        ASSERT_NE(choices.end(), at) << text;
        n_seen[static_cast<std::size_t>(at - choices.begin())] += 1;
      }
    }
  }
  for (const std::size_t n : n_seen) EXPECT_GT(n, 0U);
}

TEST(TextRules, RefuseEmptyAndEndlessTexts) {
  for (const Texts& bad : {Texts{""}, Texts{std::string(4097, 'a')}, Texts(1025, "a")}) {
    EXPECT_EQ(Fault::bad_request, make_text_rules(fixture().tok, bad, {}).error().fault);
    EXPECT_EQ(Fault::bad_request, make_text_rules(fixture().tok, {}, bad).error().fault);
  }
}

}  // namespace
}  // namespace mr::sample
