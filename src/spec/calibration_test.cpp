#include "spec/calibration.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace mr::spec {
namespace {

/// A chain whose proposer says 0.9 of every node.
Draft boastful() {
  Draft draft = make_draft(0);
  std::int32_t node = 0;
  for (float p = 0.9F; node < 6; p *= 0.9F) node = add(draft, node, 1, p);
  return draft;
}

TEST(Calibration, TrustsAProposerUntilItKnowsBetter) {
  const Calibration fresh;
  const Draft draft = boastful();
  const Draft same = calibrated(fresh, draft);
  for (std::size_t node = 0; node < draft.token.size(); ++node) {
    EXPECT_FLOAT_EQ(draft.probability[node], same.probability[node]);
  }
}

TEST(Calibration, LearnsTheShareThatComesTrue) {
  Calibration calibration;
  const Draft draft = boastful();
  Rng rng{4};
  for (int step = 0; step < 400; ++step) {
    std::vector<std::int32_t> tokens;  // each node comes true three times in ten
    do {
      tokens.push_back(unit(rng) < 0.3 ? 1 : 2);
    } while (tokens.back() == 1 && tokens.size() < 6);
    learn(calibration, draft, tokens);
  }
  const Draft known = calibrated(calibration, draft);
  EXPECT_NEAR(0.3, known.probability[1], 0.15);
  for (std::size_t node = 2; node < known.token.size(); ++node) {
    EXPECT_LE(known.probability[node], known.probability[node - 1]);
  }
}

TEST(Calibration, RecoversFromBadTimes) {
  Calibration calibration;
  const Draft draft = boastful();
  for (int step = 0; step < 200; ++step) learn(calibration, draft, std::vector{2});
  EXPECT_LT(calibrated(calibration, draft).probability[1], 0.1F);
  for (int step = 0; step < 200; ++step) learn(calibration, draft, std::vector{1, 2});
  EXPECT_GT(calibrated(calibration, draft).probability[1], 0.8F);
}

}  // namespace
}  // namespace mr::spec
