#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "base/shared_data.h"
#include "text/files_test.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"

/// Vocabularies that PyPI's tokenizers, sentencepiece and tiktoken trained under the rules of model
/// families, and what those programs make of texts (tools/golden/token_ids.py).
namespace mr::text {
namespace {

struct Family {
  const char* file;
  const char* pre = "";
};

std::string fnv(const std::vector<Id>& ids) {
  std::uint64_t value = 0xCBF29CE484222325U;
  for (const Id id : ids) {
    for (int shift = 0; shift < 32; shift += 8) {
      value = (value ^ ((id >> shift) & 0xFFU)) * 0x100000001B3U;
    }
  }
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(value));
  return hex.data();
}

std::string join(const std::vector<Id>& ids) {
  std::string text;
  for (const Id id : ids) text += " " + std::to_string(id);
  return text;
}

/// The texts of shared/data by id; none where it is not there.
std::map<std::string, std::string> shared_texts() {
  std::map<std::string, std::string> texts;
  if (shared_data().empty()) return texts;
  const auto root = boost::json::parse(read_file(shared_data() + "/tokenizers/goldens/texts.json"));
  for (const auto& item : root.as_array()) {
    texts[std::to_string(item.at("id").as_int64())] = std::string(item.at("text").as_string());
  }
  return texts;
}

class Families : public testing::TestWithParam<Family> {};

TEST_P(Families, GiveTheIdsOfTheReferencePrograms) {
  const std::string file = GetParam().file;
  auto vocab = read_vocab(tokenizers_folder() + file, GetParam().pre);
  ASSERT_TRUE(vocab) << vocab.error().message;
  const auto tok = make_tokenizer(std::move(*vocab));
  ASSERT_TRUE(tok) << tok.error().message;
  const auto own = boost::json::parse(read_file(tokenizers_folder() + "texts.json"));
  const auto shared = shared_texts();
  std::istringstream lines(
      read_file(tokenizers_folder() + file.substr(0, file.rfind('.')) + ".golden"));
  std::size_t n_own = 0;
  std::size_t n_shared = 0;
  std::string kind;
  std::string key;
  for (std::string wanted; lines >> kind >> key && std::getline(lines, wanted);) {
    if (kind == "own") {
      const std::string text(own.at(std::stoul(key)).as_string());
      const auto ids = encode(*tok, text);
      ASSERT_TRUE(ids) << ids.error().message;
      EXPECT_EQ(join(*ids), wanted == " " ? "" : wanted) << boost::json::serialize(own.at(n_own));
      ++n_own;
    } else if (const auto found = shared.find(key); found != shared.end()) {
      const auto ids = encode(*tok, found->second);
      ASSERT_TRUE(ids) << ids.error().message;
      EXPECT_EQ(" " + fnv(*ids), wanted)
          << boost::json::serialize(boost::json::value(found->second)) << join(*ids);
      ++n_shared;
    }
  }
  EXPECT_EQ(n_own, 200);
  EXPECT_EQ(n_shared, shared.size());
}

INSTANTIATE_TEST_SUITE_P(
    All, Families,
    testing::Values(Family{"starcoder.json"}, Family{"deepseek-v3.json"}, Family{"qwen3.json"},
                    Family{"qwen3.5.json"}, Family{"generic.json"}, Family{"gpt2-prefixed.json"},
                    Family{"o200k.tiktoken", "gpt-oss"}, Family{"tekken.tiktoken", "tekken"},
                    Family{"kimi.tiktoken", "kimi"}, Family{"gemma.model"},
                    Family{"bpe-nfkc.model"}, Family{"t5.model"}, Family{"unigram-bytes.model"},
                    Family{"t5-hf.json"}),
    [](const auto& family) {
      std::string name = family.param.file;
      std::ranges::replace_if(name, [](char c) { return c == '.' || c == '-'; }, '_');
      return name;
    });

}  // namespace
}  // namespace mr::text
