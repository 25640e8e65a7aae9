#include "text/tokenizer.h"
#include "text/files_test.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "base/shared_data.h"
#include "text/stream_decoder.h"

namespace mr::text {
namespace {

Tokenizer load_path(const std::string& path, std::string_view pre = {}) {
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
  if (shared_data().empty()) GTEST_SKIP() << "no shared data";
  const std::string folder = shared_data() + "/tokenizers/";
  const Tokenizer tok = load_path(folder + tokenizer, pre);
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
void check_goldens(const std::string& name, const std::string& tokenizer, std::string_view pre = {},
                   EncodeOptions options = {}) {
  if (shared_data().empty()) GTEST_SKIP() << "no shared data";
  const std::string folder = shared_data() + "/tokenizers/";
  const Tokenizer tok = load_path(folder + tokenizer, pre);
  const auto texts = boost::json::parse(read_file(folder + "goldens/texts.json"));
  const auto goldens = boost::json::parse(read_file(folder + "goldens/" + name + ".json"));
  for (const auto& item : texts.as_array()) {
    const std::string text(item.at("text").as_string());
    const auto& golden = goldens.at(std::to_string(item.at("id").as_int64()));
    const auto ids = encode(tok, text, options);
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

TEST(Goldens, R50k) {
  check_goldens("r50k_base", "tiktoken/r50k_base.tiktoken");
}
TEST(Goldens, Gpt2Merges) {
  check_goldens("r50k_base", "gpt2");
}
TEST(Goldens, Cl100k) {
  check_goldens("cl100k_base", "tiktoken/cl100k_base.tiktoken");
}
TEST(Goldens, O200k) {
  check_goldens("o200k_base", "tiktoken/o200k_base.tiktoken");
}
TEST(Goldens, Llama3) {
  check_goldens("llama3", "llama3/tokenizer.model");
}
TEST(Goldens, Llama4) {
  check_goldens("llama4", "llama4/tokenizer.model", "llama4");
}
TEST(Goldens, Qwen2) {
  check_goldens("qwen2", "qwen2");
}
TEST(Goldens, Falcon) {
  check_goldens("falcon", "hf/falcon-tokenizer/tokenizer.json");
}
// Whoever made these ids parsed special tokens: ten of the texts hold "</s>".
TEST(Goldens, Llama2Json) {
  check_goldens("llama2-hf", "llama2/tokenizer.json", {}, {.parse_special = true});
}
TEST(Goldens, Llama2Spm) {
  check_goldens("llama2-spm", "llama2/tokenizer.model");
}
TEST(Goldens, Phi3Mini) {
  check_goldens("phi-3-mini", "hf/phi-3-mini/tokenizer.json");
}
TEST(Goldens, MistralV1) {
  check_goldens("mistral-v1-spm", "mistral/tokenizer.model.v1");
}
TEST(Goldens, MistralV3) {
  check_goldens("mistral-v3-spm", "mistral/tokenizer.model.v3");
}

TEST(GgmlVocab, LlamaBpe) {
  check_ggml_cases("llama-bpe", "llama3/tokenizer.model");
}
TEST(GgmlVocab, Qwen2) {
  check_ggml_cases("qwen2", "qwen2/vocab.json");
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

/// The encodings that swift-transformers got from Hugging Face's tokenizers.
void check_hf(const std::string& name, const std::string& tokenizer, EncodeOptions options) {
  if (shared_data().empty()) GTEST_SKIP() << "no shared data";
  const std::string folder = shared_data() + "/tokenizers/";
  const Tokenizer tok = load_path(folder + tokenizer);
  const auto golden = boost::json::parse(read_file(folder + "goldens_hf/" + name + ".json"));
  const auto ids = encode(tok, std::string(golden.at("text").as_string()), options);
  ASSERT_TRUE(ids) << ids.error().message;
  EXPECT_EQ(*ids, ids_of(golden.at("token_ids")));
}

TEST(GoldensHf, Gpt2) {
  check_hf("gpt2_encoded_tokens", "gpt2", {});
}
TEST(GoldensHf, Falcon) {
  check_hf("falcon_encoded", "hf/falcon-tokenizer", {});
}
TEST(GoldensHf, Llama2) {
  check_hf("llama_encoded", "llama2", {.add_special = true});
}
TEST(GoldensHf, Phi2) {
  check_hf("gpt2_encoded_tokens", "hf/phi-2", {});
}

}  // namespace
}  // namespace mr::text
