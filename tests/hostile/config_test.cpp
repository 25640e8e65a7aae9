// config.json with wrong values or without a field, for every field of every architecture: a clear
// error or a model that runs, never a crash.
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kern/level.h"
#include "model/architecture.h"
#include "model/weights.h"
#include "sys/team.h"
#include "tune/score.h"

namespace mr::hostile {
namespace {

namespace fs = std::filesystem;
namespace bj = boost::json;

const fs::path kModels = fs::path(MILLRACE_SOURCE_DIR) / "tests/data/architectures";

/// A folder of its own for config.json files, removed at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("millrace-config-" + std::to_string(getpid()));
  Folder() { fs::create_directory(path); }
  ~Folder() { fs::remove_all(path); }
};

bj::object read_config_json(const std::string& model) {
  std::ifstream file(kModels / (model + ".config.json"));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return bj::parse(text).as_object();
}

/// Loads the weights of `model` by another config.json, and runs a few tokens.
Expected<void> run_with(const Folder& folder, const std::string& model, const std::string& text) {
  io::ModelFiles files;
  files.format = io::Format::safetensors;
  files.weights = kModels / (model + ".safetensors");
  files.config = folder.path / "config.json";
  std::ofstream(files.config) << text;
  MR_TRY(const model::ModelFile file, model::open(files));
  const auto team = sys::make_team(1);
  MR_TRY(const model::Model loaded,
         model::load(model::source(file), kern::cpu_device(kern::Level::ref, **team)));
  constexpr std::int32_t kTokens[] = {3, 5, 8, 13};
  MR_TRY(auto scorer, tune::make_scorer(loaded, std::size(kTokens), DType::f32));
  return tune::score(scorer, kTokens, 0, [](std::int32_t, std::span<const float>) {});
}

void expect_clear(const Expected<void>& result, const std::string& what) {
  if (result) return;
  const std::string& message = result.error().message;
  EXPECT_TRUE(result.error().fault == Fault::bad_model ||
              result.error().fault == Fault::does_not_fit)
      << what << ": " << message;
  EXPECT_NE(message.find("wanted"), std::string::npos) << what << ": " << message;
  for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~') << what << ": " << message;
}

const std::vector<bj::value>& wrong_values() {
  static const std::vector<bj::value> kValues{nullptr,
                                              true,
                                              0,
                                              -1,
                                              1,
                                              7,
                                              1e300,
                                              4294967296,
                                              0.5,
                                              "",
                                              "x\n\x7f\u00e9",
                                              bj::array{},
                                              bj::array{1, "a"},
                                              bj::object{},
                                              bj::object{{"factor", -1}}};
  return kValues;
}

/// Every field of `object`, and of the objects in it, is left out, and replaced by every wrong
/// value in turn.
void damage(bj::object& root, bj::object& object, const auto& check, const std::string& path) {
  const bj::object whole = object;
  for (const auto& [key, value] : whole) {
    object.erase(key);
    const std::string name = path + std::string(key);
    check(bj::serialize(root), name + " is left out");
    object = whole;
  }
  for (auto& [key, value] : object) {
    const std::string name = path + std::string(key);
    const bj::value sound = value;
    for (const bj::value& wrong : wrong_values()) {
      value = wrong;
      check(bj::serialize(root), name + " = " + bj::serialize(wrong));
    }
    value = sound;
    if (auto* inner = value.if_object()) damage(root, *inner, check, name + ".");
  }
}

TEST(ConfigJson, EveryWrongValueIsAClearError) {
  const Folder folder;
  for (const std::string model :
       {"llama-llama3", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3-long", "olmo2",
        "qwen2-awq", "qwen2-fp8-block", "qwen3-moe-dense", "mixtral", "gpt-oss", "deepseek-v2",
        "deepseek-v3"}) {
    bj::object config = read_config_json(model);
    const bool own = fs::exists(kModels / (model + ".safetensors"));
    const std::string weights = own ? model : model.substr(0, model.find('-'));
    ASSERT_TRUE(run_with(folder, weights, bj::serialize(config))) << model;
    const std::string whose = model + ": ";
    const auto check = [&](const std::string& text, const std::string& what) {
      expect_clear(run_with(folder, weights, text), whose + what);
    };
    damage(config, config, check, "");
  }
}

struct Named {
  const char* model;
  const char* key;
  bj::value value;
  const char* says;
};

TEST(ConfigJson, MessagesNameKeyWantedAndFound) {
  const Folder folder;
  const std::vector<Named> cases{
      {"llama", "model_type", "mamba", "model_type: wanted one of deepseek_v2, deepseek_v3, "},
      {"llama", "num_hidden_layers", -2, "num_hidden_layers: wanted an integer from 0 to"},
      {"llama", "num_attention_heads", 3, "num_key_value_heads: wanted a divisor of 3 heads"},
      {"llama", "hidden_act", "relu6", "hidden_act: wanted silu or gelu_pytorch_tanh, found"},
      {"llama", "rope_parameters", bj::object{{"rope_type", "spiral"}},
       "rope_parameters.rope_type: wanted default, linear, llama3, yarn or longrope, found"},
      {"llama", "rope_parameters", bj::object{{"rope_type", "linear"}},
       "rope_parameters.factor: wanted a positive number, found no such key"},
      {"phi3", "rope_parameters",
       bj::object{{"rope_type", "longrope"}, {"short_factor", bj::array{1}}},
       "rope_parameters.short_factor: wanted 4 numbers, found 1"},
      {"gemma2", "layer_types", bj::array{"full_attention"},
       "layer_types: wanted one for each of 2 layers, found 1"},
      {"qwen2-awq", "quantization_config", bj::object{{"quant_method", "bitsandbytes"}},
       "quantization_config.quant_method: wanted awq, compressed-tensors, "},
      {"qwen2-awq", "quantization_config", bj::object{{"quant_method", "awq"}, {"version", "gemv"}},
       "quantization_config.version: wanted gemm, found 'gemv'"},
      {"qwen2-gptq", "quantization_config", bj::object{{"quant_method", "gptq"}, {"bits", 3}},
       "quantization_config.bits: wanted 4 to 4, found 3"},
  };
  for (const Named& c : cases) {
    bj::object config = read_config_json(c.model);
    config[c.key] = c.value;
    const auto loaded = run_with(folder, c.model, bj::serialize(config));
    ASSERT_FALSE(loaded) << c.says;
    EXPECT_EQ(Fault::bad_model, loaded.error().fault);
    EXPECT_NE(loaded.error().message.find(c.says), std::string::npos)
        << "wanted " << c.says << "\nfound " << loaded.error().message;
  }
}

}  // namespace
}  // namespace mr::hostile
