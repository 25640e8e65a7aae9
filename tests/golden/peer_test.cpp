// Models against the logits that llama.cpp computed for the same files (tests/data/peer*.golden,
// renewed by tools/golden/peer_logits.py), at every level of this machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "base/half.h"
#include "io/gguf.h"
#include "kern/level.h"
#include "model/architecture.h"
#include "model/weights.h"
#include "random_model.h"
#include "sys/team.h"
#include "tune/score.h"

namespace mr {
namespace {

namespace fs = std::filesystem;

/// What the peer gave for a model: for every position the most probable token and its lead over the
/// second, and for the kept positions all logits.
struct Golden {
  std::string model;
  std::uint32_t crc32 = 0;
  std::vector<std::int32_t> tokens, top, kept;
  std::vector<float> gap;
  std::size_t n_vocab = 0;
  std::vector<float> logits;  ///< (kept, n_vocab)
};

/// The record that `text` begins with; it is taken away.
Golden take_record(std::string& text) {
  const std::size_t line = text.find('\n');
  const boost::json::value header = boost::json::parse(text.substr(0, line));
  Golden golden;
  golden.model = header.at("model").as_string().c_str();
  golden.crc32 = header.at("crc32").to_number<std::uint32_t>();
  golden.n_vocab = header.at("vocab").to_number<std::size_t>();
  const auto read = [&](const char* key, auto& to) {
    for (const auto& item : header.at(key).as_array()) {
      to.push_back(item.to_number<typename std::decay_t<decltype(to)>::value_type>());
    }
  };
  read("tokens", golden.tokens);
  read("top", golden.top);
  read("kept", golden.kept);
  read("gap", golden.gap);
  golden.logits.resize(golden.kept.size() * golden.n_vocab);
  const bool wide = header.at("number").as_string() == "<f4";
  const char* from = text.data() + line + 1;
  for (std::size_t i = 0; i < golden.logits.size(); ++i) {
    std::uint16_t half = 0;
    if (wide) std::memcpy(&golden.logits[i], from + 4 * i, 4);
    if (!wide) std::memcpy(&half, from + 2 * i, 2);
    if (!wide) golden.logits[i] = f16_to_f32(half);
  }
  text.erase(0, line + 1 + golden.logits.size() * (wide ? 4 : 2));
  return golden;
}

std::vector<Golden> read_golden(const char* name) {
  std::ifstream file(fs::path(MILLRACE_SOURCE_DIR) / "tests/data" / name, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<Golden> all;
  while (!text.empty()) all.push_back(take_record(text));
  return all;
}

std::uint32_t crc32(std::span<const std::byte> bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

/// Relative L2 distance.
double distance(std::span<const float> found, std::span<const float> wanted) {
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto peer = static_cast<double>(wanted[i]);
    difference += (static_cast<double>(found[i]) - peer) * (static_cast<double>(found[i]) - peer);
    norm += peer * peer;
  }
  return std::sqrt(difference / norm);
}

/// The largest distance between the logits of two goldens at one position.
double distance(const Golden& a, const Golden& b) {
  double most = 0;
  for (std::size_t at = 0; at < a.logits.size(); at += a.n_vocab) {
    most = std::max(most, distance(std::span(a.logits).subspan(at, a.n_vocab),
                                   std::span(b.logits).subspan(at, a.n_vocab)));
  }
  return most;
}

/// Compares all positions; the most probable token must agree where its lead is more than the
/// bound on a logit's error, `bound` times the largest logit.
void compare(tune::Scorer& scorer, const Golden& golden, double bound) {
  const auto on_logits = [&](std::int32_t pos, std::span<const float> logits) {
    ASSERT_EQ(golden.n_vocab, logits.size());
    const auto i = static_cast<std::size_t>(pos);
    const auto top = std::max_element(logits.begin(), logits.end());
    if (static_cast<double>(golden.gap[i]) > bound * static_cast<double>(std::fabs(*top))) {
      EXPECT_EQ(golden.top[i], top - logits.begin()) << "position " << pos;
    }
    const auto kept = std::find(golden.kept.begin(), golden.kept.end(), pos);
    if (kept == golden.kept.end()) return;
    const auto at = static_cast<std::size_t>(kept - golden.kept.begin()) * logits.size();
    EXPECT_LT(distance(logits, std::span(golden.logits).subspan(at, logits.size())), bound)
        << "position " << pos;
  };
  ASSERT_TRUE(tune::score(scorer, golden.tokens, 0, on_logits));
}

void compare_levels(const gguf::File& file, const Golden& golden, double bound) {
  const auto team = sys::make_team(2);
  for (const kern::LevelInfo& level : kern::levels()) {
    if (level.level == kern::Level::cuda || !level.compiled || !level.missing.empty()) continue;
    SCOPED_TRACE(golden.model + " " + level.name);
    const auto model = model::load({.gguf = &file}, kern::cpu_device(level.level, **team));
    ASSERT_TRUE(model) << model.error().message;
    auto scorer = tune::make_scorer(*model, 256, DType::f32);
    ASSERT_TRUE(scorer) << scorer.error().message;
    compare(*scorer, golden, bound);
  }
}

TEST(Peer, LogitsOfTheShippedModelAreThePeers) {
  const auto goldens = read_golden("peer.golden");
  ASSERT_EQ(1U, goldens.size());
  const auto file = gguf::open(fs::path(MILLRACE_SOURCE_DIR) / "models" / goldens[0].model);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(goldens[0].crc32, crc32({file->shards[0].data, file->shards[0].bytes}));
  compare_levels(*file, goldens[0], 1e-2);
}

bool is_known(const std::string& architecture) {
  const auto known = model::architectures();
  return std::any_of(known.begin(), known.end(),
                     [&](const auto& each) { return each.name == architecture; });
}

/// llama.cpp rounds the rows that it multiplies with weights of other types than F32; what that
/// alone does to its logits, it shows itself with the same weights as F32.
TEST(Peer, LogitsOfEveryArchitectureAndTypeAreThePeers) {
  const auto goldens = read_golden("peer_random.golden");
  std::set<std::string> seen;
  for (const Golden& golden : goldens) {
    std::string name = fs::path(golden.model).stem();
    const bool plain = name.ends_with("-plain");
    if (plain) name.resize(name.size() - 6);
    const auto shape = golden::shape_named(name);
    ASSERT_TRUE(shape) << name;
    seen.insert(name);
    const golden::RandomModel made = golden::random_model(*shape, plain);
    const auto bytes = golden::file_bytes(made);
    ASSERT_EQ(golden.crc32, crc32(bytes)) << name << ": not the file that the peer opened";
    if (!is_known(shape->architecture)) continue;
    const auto file = gguf::parse(bytes);
    ASSERT_TRUE(file) << file.error().message;
    // llama.cpp takes its GELU from a table over float16.
    double bound = shape->architecture.starts_with("gemma") ? 1e-3 : 1e-4;
    if (!plain && golden::has_plain(*shape)) {
      const auto same = std::find_if(goldens.begin(), goldens.end(), [&](const Golden& other) {
        return fs::path(other.model).stem() == name + "-plain";
      });
      ASSERT_NE(goldens.end(), same);
      bound += 2 * distance(golden, *same);
    }
    compare_levels(*file, golden, bound);
  }
  EXPECT_EQ(std::size(golden::kNames), seen.size());
}

}  // namespace
}  // namespace mr
