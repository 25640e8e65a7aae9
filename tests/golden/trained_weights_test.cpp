// The trained llama2.c models of the test data, against log-probabilities that a float64 numpy
// forward pass gave (MILLRACE_DATA/weights/*/goldens.json), at every level of this machine.
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/shared_data.h"
#include "io/gguf.h"
#include "kern/level.h"
#include "model/weights.h"
#include "sys/team.h"
#include "tune/llama2c.h"
#include "tune/score.h"

namespace mr {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::string name;
  std::string weights;
  std::string tokenizer;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

const std::vector<Case> kCases{
    {"stories260K", "stories260K/stories260K.bin", "stories260K/tok512.model"},
    {"llama2xs", "llama2xs/model.bin", "stories260K/tok512.model"},
    {"babyllama105", "babyllama105/model.bin", "babyllama105/tok105.model"},
};

boost::json::array read_goldens(const fs::path& folder, const std::string& name) {
  std::ifstream file(folder / name / "goldens.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return boost::json::parse(text).as_array();
}

template <typename T>
std::vector<T> numbers(const boost::json::value& array) {
  std::vector<T> out;
  for (const auto& item : array.as_array()) out.push_back(item.to_number<T>());
  return out;
}

struct TrainedWeights : testing::TestWithParam<Case> {};

/// The largest distance of a golden's log-probabilities and of its logits from ours.
double worst_error(tune::Scorer& scorer, const boost::json::value& golden) {
  const auto ids = numbers<std::int32_t>(golden.at("ids"));
  const auto wanted = numbers<double>(golden.at("logprob_of_next"));
  double worst = 0;
  const auto compare = [&](std::int32_t pos, std::span<const float> logits) {
    const auto i = static_cast<std::size_t>(pos);
    if (i >= wanted.size()) return;
    const double found = tune::log_probability(logits, ids[i + 1]);
    worst = std::max(worst, std::fabs(found - wanted[i]));
    if (const auto* full = golden.at("logits_at").as_object().if_contains(std::to_string(pos))) {
      const auto values = numbers<double>(*full);
      for (std::size_t k = 0; k < values.size(); ++k) {
        worst = std::max(worst, std::fabs(static_cast<double>(logits[k]) - values[k]));
      }
    }
  };
  const auto scored = tune::score(scorer, ids, 0, compare);
  EXPECT_TRUE(scored.has_value());
  return worst;
}

TEST_P(TrainedWeights, LogProbabilitiesAreTheGoldens) {
  if (shared_data().empty()) GTEST_SKIP() << "no test data: see MILLRACE_DATA";
  const fs::path folder = fs::path(shared_data()) / "weights";
  const std::string path =
      fs::temp_directory_path() / (GetParam().name + "-" + std::to_string(getpid()) + ".gguf");
  ASSERT_TRUE(llama2c::convert({folder / GetParam().weights, folder / GetParam().tokenizer}, path));
  const auto file = gguf::open(path);
  fs::remove(path);
  ASSERT_TRUE(file) << file.error().message;
  const auto team = sys::make_team(2);
  const boost::json::array goldens = read_goldens(folder, GetParam().name);
  for (const kern::LevelInfo& level : kern::levels()) {
    if (level.level == kern::Level::cuda || !level.compiled || !level.missing.empty()) continue;
    const auto model = model::load({.gguf = &*file}, kern::cpu_device(level.level, **team));
    ASSERT_TRUE(model) << model.error().message;
    auto scorer = tune::make_scorer(*model, model->config.n_context, DType::f32);
    ASSERT_TRUE(scorer) << scorer.error().message;
    for (const auto& golden : goldens) {
      EXPECT_LT(worst_error(*scorer, golden), 1e-4) << level.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, TrainedWeights, testing::ValuesIn(kCases),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace mr
