#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "text/stream_decoder.h"

namespace mr::text {
namespace {

std::string shared_data() {
  const char* set = std::getenv("MILLRACE_DATA");
  return set != nullptr ? set : std::string(MILLRACE_SOURCE_DIR) + "/../shared/data";
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Tokenizer load(const std::string& path, std::string_view pre = {}) {
  auto vocab = read_vocab(path, pre);
  EXPECT_TRUE(vocab) << vocab.error().message;
  auto tok = make_tokenizer(std::move(*vocab));
  EXPECT_TRUE(tok) << tok.error().message;
  return std::move(*tok);
}

std::vector<Id> ids_of(const boost::json::value& array) {
  std::vector<Id> ids;
  for (const auto& id : array.as_array()) ids.push_back(id.to_number<Id>());
  return ids;
}

std::vector<std::string> split_cases(const std::string& text) {
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::vector<std::string> cases;
  std::size_t at = 0;
  for (std::size_t hit; (hit = text.find(separator, at)) != std::string::npos;) {
    cases.push_back(text.substr(at, hit - at));
    at = hit + separator.size();
  }
  cases.push_back(text.substr(at));
  return cases;
}

/// The cases of one .inp file and its .out file, with some tokenizer of the same vocabulary.
void check_ggml_cases(const std::string& cases, const std::string& tokenizer,
                      std::string_view pre = {}) {
  const std::string folder = shared_data() + "/tokenizers/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared data at " << folder;
  const Tokenizer tok = load(folder + tokenizer, pre);
  const std::string base = folder + "gguf_vocab/ggml-vocab-" + cases + ".gguf";
  const auto texts = split_cases(read_file(base + ".inp"));
  std::istringstream lines(read_file(base + ".out"));
  for (const std::string& text : texts) {
    std::string line;
    std::getline(lines, line);
    std::istringstream numbers(line);
    std::vector<Id> wanted;
    for (Id id; numbers >> id;) wanted.push_back(id);
    const auto ids = encode(tok, text);
    ASSERT_TRUE(ids) << ids.error().message;
    EXPECT_EQ(*ids, wanted) << text;
    EXPECT_EQ(decode(tok, *ids), text);
  }
  EXPECT_EQ(texts.size(), 47);
}

/// The 675 texts of texts.json against goldens/NAME.json.
void check_goldens(const std::string& name, const std::string& tokenizer,
                   std::string_view pre = {}) {
  const std::string folder = shared_data() + "/tokenizers/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared data at " << folder;
  const Tokenizer tok = load(folder + tokenizer, pre);
  const auto texts = boost::json::parse(read_file(folder + "goldens/texts.json"));
  const auto goldens = boost::json::parse(read_file(folder + "goldens/" + name + ".json"));
  for (const auto& item : texts.as_array()) {
    const std::string text(item.at("text").as_string());
    const auto& golden = goldens.at(std::to_string(item.at("id").as_int64()));
    const auto ids = encode(tok, text);
    ASSERT_TRUE(ids) << ids.error().message;
    EXPECT_EQ(*ids, ids_of(golden)) << "text " << item.at("id") << ": " << item.at("text");
  }
  EXPECT_EQ(texts.as_array().size(), 675);
}

TEST(Goldens, R50kFromGguf) {
  check_goldens("r50k_base", "gguf_vocab/ggml-vocab-gpt-2.gguf");
}
TEST(Goldens, FalconFromGguf) {
  check_goldens("falcon", "gguf_vocab/ggml-vocab-falcon.gguf");
}
TEST(Goldens, Llama2FromGguf) {
  check_goldens("llama2-spm", "gguf_vocab/ggml-vocab-llama-spm.gguf");
}

TEST(GgmlVocab, DeepseekLlm) {
  check_ggml_cases("deepseek-llm", "gguf_vocab/ggml-vocab-deepseek-llm.gguf");
}
TEST(GgmlVocab, Falcon) {
  check_ggml_cases("falcon", "gguf_vocab/ggml-vocab-falcon.gguf");
}
TEST(GgmlVocab, Gpt2) {
  check_ggml_cases("gpt-2", "gguf_vocab/ggml-vocab-gpt-2.gguf");
}
TEST(GgmlVocab, LlamaSpm) {
  check_ggml_cases("llama-spm", "gguf_vocab/ggml-vocab-llama-spm.gguf");
}

}  // namespace
}  // namespace mr::text
