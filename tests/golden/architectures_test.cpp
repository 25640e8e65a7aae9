// Small random models of every architecture against what transformers computed for them in fp32
// (tests/data/architectures, renewed by tools/golden/architectures.py), from safetensors and from
// GGUF, at every CPU level of this machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kern/level.h"
#include "model/source.h"
#include "model/weights.h"
#include "sys/team.h"
#include "text/base64.h"
#include "tune/score.h"

namespace mr {
namespace {

namespace fs = std::filesystem;

constexpr double kRelativeBound = 1e-4;
constexpr double kBlocksBound = 5e-2;  ///< where a level takes activations to int8 for block types
constexpr double kLeastMargin = 100;  ///< of the greedy tokens over that bound

struct Golden {
  std::string name;
  std::string weights;                   ///< the case whose safetensors it has
  bool has_gguf = false;
  std::int32_t n_context = 0;
  bool has_blocks = false;  ///< matrices of a block type
  std::vector<std::int32_t> prompt;
  std::vector<std::int32_t> greedy;
  double margin = 0;
  std::vector<std::int32_t> kept;
  std::vector<float> logits;  ///< (kept, n_vocab)
};

void PrintTo(const Golden& golden, std::ostream* out) {
  *out << golden.name;
}

const fs::path& folder() {
  static const fs::path kFolder = fs::path(MILLRACE_SOURCE_DIR) / "tests/data/architectures";
  return kFolder;
}

std::vector<std::int32_t> integers(const boost::json::value& list) {
  std::vector<std::int32_t> out;
  for (const auto& item : list.as_array()) out.push_back(item.to_number<std::int32_t>());
  return out;
}

Golden read_golden(const boost::json::value& line) {
  Golden golden{.name = line.at("name").as_string().c_str(),
                .weights = line.at("weights").as_string().c_str(),
                .has_gguf = line.at("gguf").as_bool(),
                .n_context = line.at("n_context").to_number<std::int32_t>(),
                .has_blocks = line.as_object().contains("blocks") && line.at("blocks").as_bool(),
                .prompt = integers(line.at("prompt")),
                .greedy = integers(line.at("greedy")),
                .margin = line.at("margin").to_number<double>(),
                .kept = integers(line.at("kept")),
                .logits = {}};
  std::string bytes;
  EXPECT_TRUE(text::append_base64(bytes, line.at("logits").as_string()));
  golden.logits.resize(bytes.size() / sizeof(float));
  std::memcpy(golden.logits.data(), bytes.data(), bytes.size());
  return golden;
}

std::vector<Golden> read_goldens() {
  std::vector<Golden> goldens;
  std::ifstream file(folder() / "golden.jsonl");
  for (std::string line; std::getline(file, line);) {
    goldens.push_back(read_golden(boost::json::parse(line)));
  }
  return goldens;
}

double distance(std::span<const float> found, std::span<const float> wanted) {
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double error = static_cast<double>(found[i]) - static_cast<double>(wanted[i]);
    difference += error * error;
    norm += static_cast<double>(wanted[i]) * static_cast<double>(wanted[i]);
  }
  return std::sqrt(difference / norm);
}

/// Runs the prompt with what follows it: the logits kept are the golden's within `bound`, and where
/// that is the one of fp32 the best token after each prefix is the next one.
void compare(tune::Scorer& scorer, const Golden& golden, double bound) {
  std::vector<std::int32_t> tokens = golden.prompt;
  tokens.insert(tokens.end(), golden.greedy.begin(), golden.greedy.end());
  std::size_t n_compared = 0;
  const auto on_logits = [&](std::int32_t pos, std::span<const float> logits) {
    const auto next = static_cast<std::size_t>(pos) + 1;
    if (bound == kRelativeBound && next >= golden.prompt.size() && next < tokens.size()) {
      const auto top = std::ranges::max_element(logits) - logits.begin();
      EXPECT_EQ(tokens[next], top) << "after position " << pos;
    }
    const auto kept = std::ranges::find(golden.kept, pos);
    if (kept == golden.kept.end()) return;
    const auto at = static_cast<std::size_t>(kept - golden.kept.begin()) * logits.size();
    ASSERT_LE(at + logits.size(), golden.logits.size());
    EXPECT_LT(distance(logits, std::span(golden.logits).subspan(at, logits.size())), bound)
        << "position " << pos;
    ++n_compared;
  };
  const auto scored = tune::score(scorer, tokens, 0, on_logits);
  ASSERT_TRUE(scored) << scored.error().message;
  EXPECT_EQ(golden.kept.size(), n_compared);
}

void check(const io::ModelFiles& files, const Golden& golden) {
  EXPECT_GE(golden.margin, kLeastMargin);
  EXPECT_EQ(64U, golden.greedy.size());
  const auto file = model::open(files);
  ASSERT_TRUE(file) << file.error().message;
  const auto team = sys::make_team(1);
  for (const kern::LevelInfo& level : kern::levels()) {
    if (level.level == kern::Level::cuda || !level.compiled || !level.missing.empty()) continue;
    SCOPED_TRACE(level.name);
    const auto model = model::load(model::source(*file), kern::cpu_device(level.level, **team));
    ASSERT_TRUE(model) << model.error().message;
    auto scorer = tune::make_scorer(*model, golden.n_context, DType::f32);
    ASSERT_TRUE(scorer) << scorer.error().message;
    // Levels that multiply BF16 pairs round the rows for that, as others do for block types; a row
    // that is rounded may choose other experts, so that its logits are others.
    const bool pairs = level.level == kern::Level::avx512 || level.level == kern::Level::amx;
    if (pairs && !golden.has_blocks && model->config.moe.n_experts > 0) continue;
    const bool is_fp32 = level.level == kern::Level::ref || (!golden.has_blocks && !pairs);
    compare(*scorer, golden, is_fp32 ? kRelativeBound : kBlocksBound);
  }
}

struct Architectures : testing::TestWithParam<Golden> {};

TEST_P(Architectures, SafetensorsGiveTheLogitsOfTransformers) {
  io::ModelFiles files;
  files.format = io::Format::safetensors;
  files.weights = folder() / (GetParam().weights + ".safetensors");
  files.config = folder() / (GetParam().name + ".config.json");
  check(files, GetParam());
}

TEST_P(Architectures, GgufGivesTheLogitsOfTransformers) {
  if (!GetParam().has_gguf) return;
  io::ModelFiles files;
  files.weights = folder() / (GetParam().name + ".gguf");
  check(files, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Of, Architectures, testing::ValuesIn(read_goldens()),
                         [](const auto& instance) {
                           std::string name = instance.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace mr
