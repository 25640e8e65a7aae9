#include "tune/llama2c.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "base/shared_data.h"
#include "io/gguf.h"

namespace mr::llama2c {
namespace {

void check_conversion(const Source& source, std::uint32_t vocab) {
  const std::string path = testing::TempDir() + "llama2c_" + std::to_string(getpid()) + ".gguf";
  const auto converted = convert(source, path);
  ASSERT_TRUE(converted) << converted.error().message;
  const auto file = gguf::open(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(gguf::get<std::uint32_t>(*file, "llama.block_count").value(), 5U);
  const auto tokens = gguf::get_array<std::string>(*file, "tokenizer.ggml.tokens").value();
  ASSERT_EQ(tokens.size(), vocab);
  EXPECT_EQ(tokens[1], "<s>");
  EXPECT_EQ(file->tensors.size(), 2U + 9U * 5U);
  std::ifstream in(source.weights, std::ios::binary);
  const std::string raw{std::istreambuf_iterator<char>(in), {}};
  const gguf::Tensor* embedding = gguf::find_tensor(*file, "token_embd.weight");
  ASSERT_NE(embedding, nullptr);
  EXPECT_EQ(rows(embedding->view), vocab);
  EXPECT_EQ(std::memcmp(embedding->view.data, raw.data() + 28, embedding->view.bytes), 0);
  unlink(path.c_str());
}

TEST(Llama2c, ConvertsTheTrainedModels) {
  const std::string data = shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data here (MILLRACE_DATA)";
  const std::string weights = data + "/weights/";
  const std::string tok512 = weights + "stories260K/tok512.model";
  check_conversion({weights + "stories260K/stories260K.bin", tok512}, 512);
  check_conversion({weights + "llama2xs/model.bin", tok512}, 512);
  check_conversion({weights + "babyllama105/model.bin", weights + "babyllama105/tok105.model"},
                   105);
}

TEST(Llama2c, RefusesOtherFiles) {
  const std::string data = shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data here (MILLRACE_DATA)";
  const std::string model = data + "/weights/stories260K/stories260K.bin";
  const std::string tokenizer = data + "/weights/stories260K/tok512.model";
  for (const Source& source : {Source{tokenizer, tokenizer}, Source{model, model},
                               Source{data + "/weights/bitllama3M/model.bin", tokenizer}}) {
    const auto converted = convert(source, testing::TempDir() + "never.gguf");
    ASSERT_FALSE(converted);
    EXPECT_EQ(converted.error().fault, Fault::bad_model);
  }
}

}  // namespace
}  // namespace mr::llama2c
