// The shipped model against the logits that llama.cpp computed for the same file
// (tests/data/peer.golden, renewed by tools/golden/peer_logits.py), at every level of this machine.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/half.h"
#include "io/gguf.h"
#include "kern/level.h"
#include "model/weights.h"
#include "sys/team.h"
#include "tune/score.h"

namespace mr {
namespace {

namespace fs = std::filesystem;

/// What the peer gave: for every position the most probable token and its lead over the second,
/// and for the kept positions all logits.
struct Golden {
  std::string model;
  std::vector<std::int32_t> tokens, top, kept;
  std::vector<float> gap;
  std::vector<std::uint16_t> logits;  ///< (kept, n_vocab) float16
};

Golden read_golden(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::getline(file, line);
  const boost::json::value header = boost::json::parse(line);
  Golden golden;
  golden.model = header.at("model").as_string().c_str();
  const auto read = [&](const char* key, auto& to) {
    for (const auto& item : header.at(key).as_array()) {
      to.push_back(item.to_number<typename std::decay_t<decltype(to)>::value_type>());
    }
  };
  read("tokens", golden.tokens);
  read("top", golden.top);
  read("kept", golden.kept);
  read("gap", golden.gap);
  char bytes[2];
  while (file.read(bytes, 2)) {
    const auto low = static_cast<unsigned char>(bytes[0]);
    const auto high = static_cast<unsigned char>(bytes[1]);
    golden.logits.push_back(static_cast<std::uint16_t>(low | (high << 8)));
  }
  return golden;
}

/// Relative L2 distance of one position's logits.
double distance(std::span<const float> found, std::span<const std::uint16_t> wanted) {
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto peer = static_cast<double>(f16_to_f32(wanted[i]));
    difference += (static_cast<double>(found[i]) - peer) * (static_cast<double>(found[i]) - peer);
    norm += peer * peer;
  }
  return std::sqrt(difference / norm);
}

constexpr double kRelativeBound = 1e-2;

/// Compares all positions; the most probable token must agree where its lead is more than the
/// bound on a logit's error, kRelativeBound times the largest logit.
void compare(tune::Scorer& scorer, const Golden& golden) {
  const auto on_logits = [&](std::int32_t pos, std::span<const float> logits) {
    const auto i = static_cast<std::size_t>(pos);
    const auto top = std::max_element(logits.begin(), logits.end());
    if (static_cast<double>(golden.gap[i]) >
        kRelativeBound * static_cast<double>(std::fabs(*top))) {
      EXPECT_EQ(golden.top[i], top - logits.begin()) << "position " << pos;
    }
    const auto kept = std::find(golden.kept.begin(), golden.kept.end(), pos);
    if (kept == golden.kept.end()) return;
    const auto at = static_cast<std::size_t>(kept - golden.kept.begin()) * logits.size();
    EXPECT_LT(distance(logits, std::span(golden.logits).subspan(at, logits.size())), kRelativeBound)
        << "position " << pos;
  };
  ASSERT_TRUE(tune::score(scorer, golden.tokens, 0, on_logits));
}

TEST(Peer, LogitsOfTheShippedModelAreThePeers) {
  const fs::path root = MILLRACE_SOURCE_DIR;
  const Golden golden = read_golden(root / "tests/data/peer.golden");
  const auto file = gguf::open(root / "models" / golden.model);
  ASSERT_TRUE(file) << file.error().message;
  const auto team = sys::make_team(2);
  for (const kern::LevelInfo& level : kern::levels()) {
    if (level.level == kern::Level::cuda || !level.compiled || !level.missing.empty()) continue;
    SCOPED_TRACE(level.name);
    const auto model = model::load({.gguf = &*file}, kern::cpu_device(level.level, **team));
    ASSERT_TRUE(model) << model.error().message;
    ASSERT_EQ(golden.kept.size() * static_cast<std::size_t>(model->config.n_vocab),
              golden.logits.size());
    auto scorer = tune::make_scorer(*model, 256, DType::f32);
    ASSERT_TRUE(scorer) << scorer.error().message;
    compare(*scorer, golden);
  }
}

}  // namespace
}  // namespace mr
