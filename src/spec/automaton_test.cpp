#include "spec/automaton.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"

namespace mr::spec {
namespace {

using Tokens = std::vector<std::int32_t>;

Tokens random_text(Rng& rng, std::size_t n) {
  Tokens text;
  while (text.size() < n) {
    if (text.size() > 10 && below(rng, 8) == 0) {  // copies a part of itself
      const std::size_t begin = below(rng, text.size() - 5);
      for (std::size_t i = 0; i < 5; ++i) text.push_back(text[begin + i]);
    } else {
      text.push_back(static_cast<std::int32_t>(below(rng, 5)));
    }
  }
  return text;
}

/// Where `run` ends in `text`: the indices of the tokens after it.
std::vector<std::size_t> ends(const Tokens& text, const Tokens& run) {
  std::vector<std::size_t> out;
  for (auto at = text.begin();; ++at) {
    at = std::search(at, text.end(), run.begin(), run.end());
    if (at == text.end()) return out;
    out.push_back(static_cast<std::size_t>(at - text.begin()) + run.size());
  }
}

TEST(Automaton, FindsTheLongestRepeatedEnd) {
  Rng rng{1};
  for (int trial = 0; trial < 30; ++trial) {
    const Tokens text = random_text(rng, 60);
    Automaton automaton = make_automaton();
    for (std::size_t n = 0; n < text.size(); ++n) {
      extend(automaton, text[n]);
      const Tokens so_far(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(n) + 1);
      std::int32_t wanted = 0;
      for (std::size_t length = 1; length <= n; ++length) {
        const Tokens end(so_far.end() - static_cast<std::ptrdiff_t>(length), so_far.end());
        if (ends(so_far, end).size() > 1) wanted = static_cast<std::int32_t>(length);
      }
      EXPECT_EQ(wanted, repeated(automaton).length);
    }
  }
}

TEST(Automaton, FollowsAnotherTextWhileBothGrow) {
  Rng rng{2};
  const Tokens shelf = random_text(rng, 200);
  const Tokens read = random_text(rng, 200);
  Automaton automaton = make_automaton();
  Match match;
  Tokens stored;
  Tokens seen;
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (i % 3 == 0) {
      stored.push_back(shelf[i]);
      extend(automaton, shelf[i]);
    }
    seen.push_back(read[i]);
    match = follow(automaton, match, read[i]);
    const auto length = static_cast<std::ptrdiff_t>(match.length);
    const Tokens end(seen.end() - length, seen.end());
    EXPECT_TRUE(length == 0 || !ends(stored, end).empty());
  }
  EXPECT_GT(match.length, 0);
}

TEST(Automaton, ProposesWhatFollowsByHowOftenItDoes) {
  Rng rng{3};
  for (int trial = 0; trial < 30; ++trial) {
    const Tokens text = random_text(rng, 80);
    Automaton automaton = make_automaton();
    for (const std::int32_t token : text) extend(automaton, token);
    const Match match = repeated(automaton);
    if (match.length == 0) continue;
    Draft draft = make_draft(text.back());
    grow(draft, automaton, match, 3, 8, 1000);
    const Tokens end(text.end() - match.length, text.end());
    std::map<std::int32_t, float> wanted;
    for (const std::size_t next : ends(text, end)) {
      if (next < text.size()) wanted[text[next]] += 1;
    }
    float n_all = 0;
    for (const auto& [token, n] : wanted) n_all += n;
    const float trust = 1.0F - 1.0F / static_cast<float>(match.length + 1);
    std::size_t n_first = 0;
    for (std::size_t node = 1; node < draft.token.size(); ++node) {
      if (draft.depth[node] != 1) continue;
      ++n_first;
      EXPECT_NEAR(trust * wanted.at(draft.token[node]) / n_all, draft.probability[node], 1e-5);
    }
    EXPECT_EQ(wanted.size(), n_first);
  }
}

TEST(Automaton, ProposesNothingBeyondASeparatorOrItsLimits) {
  Automaton automaton = make_automaton();
  for (const std::int32_t token : {1, 2, 3, -1, 1, 2}) extend(automaton, token);
  Draft draft = make_draft(2);
  grow(draft, automaton, repeated(automaton), 8, 8, 8);
  EXPECT_EQ((Tokens{2, 3}), draft.token);
  for (std::int32_t token = 10; token < 20; ++token) extend(automaton, token);
  for (const std::int32_t token : {10, 11}) extend(automaton, token);
  draft = make_draft(11);
  grow(draft, automaton, repeated(automaton), 4, 8, 64);
  EXPECT_EQ(5, n_nodes(draft));
  draft = make_draft(11);
  grow(draft, automaton, repeated(automaton), 64, 8, 6);
  EXPECT_EQ(7, n_nodes(draft));
}

}  // namespace
}  // namespace mr::spec
