#include "io/gguf.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/shared_data.h"

namespace mr::gguf {
namespace {

TEST(Gguf, OpensVocabulariesOfOtherPrograms) {
  const std::string data = shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data here (MILLRACE_DATA)";
  int n_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data + "/tokenizers/gguf_vocab")) {
    if (entry.path().extension() != ".gguf") continue;
    const auto file = open(entry.path().string());
    ASSERT_TRUE(file) << file.error().message;
    const auto tokens = get_array<std::string_view>(*file, "tokenizer.ggml.tokens");
    ASSERT_TRUE(tokens) << tokens.error().message;
    EXPECT_GT(tokens->size(), 30000U);
    const auto types = get_array<std::int32_t>(*file, "tokenizer.ggml.token_type");
    ASSERT_TRUE(types) << types.error().message;
    EXPECT_EQ(types->size(), tokens->size());
    EXPECT_TRUE(get<std::string>(*file, "general.architecture"));
    ++n_files;
  }
  EXPECT_GT(n_files, 3);
}

TEST(Gguf, FixturesOfAnotherWriter) {
  const std::string data = shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data here (MILLRACE_DATA)";
  const auto empty = open(data + "/weights/fixtures/empty.gguf");
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_EQ(get<std::string>(*empty, "general.architecture").value(), "llama");
  const auto tiny = open(data + "/weights/fixtures/tiny.gguf");  // it lacks its tensor's data
  ASSERT_FALSE(tiny);
  EXPECT_NE(tiny.error().message.find("tensor 'test.weight.0': wanted 32768 bytes"),
            std::string::npos)
      << tiny.error().message;
}

}  // namespace
}  // namespace mr::gguf
