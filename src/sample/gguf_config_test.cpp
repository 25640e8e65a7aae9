#include "sample/gguf_config.h"

#include <gtest/gtest.h>

#include "io/gguf_write.h"

namespace mr::sample {
namespace {

/// What is read back of a file with these keys.
Expected<Params> of_draft(const gguf::Draft& draft) {
  const std::string path = testing::TempDir() + "gguf_config_test.gguf";
  EXPECT_TRUE(gguf::write(draft, path));
  const auto file = gguf::open(path);
  EXPECT_TRUE(file) << file.error().message;
  return with_gguf_config({.min_p = 0.05F}, *file);
}

TEST(GgufConfig, ReadsWhatLlamaCppWrites) {
  gguf::Draft draft;
  gguf::put<std::string_view>(draft, "general.architecture", "llama");
  ASSERT_TRUE(of_draft(draft));
  EXPECT_EQ(1, of_draft(draft)->temperature);
  gguf::put<float>(draft, "general.sampling.temp", 0.6F);
  gguf::put<std::int32_t>(draft, "general.sampling.top_k", 20);
  gguf::put<float>(draft, "general.sampling.top_p", 0.95F);
  gguf::put<float>(draft, "general.sampling.xtc_probability", 0.5F);
  gguf::put<float>(draft, "general.sampling.xtc_threshold", 0.2F);
  gguf::put<std::int32_t>(draft, "general.sampling.penalty_last_n", -1);
  gguf::put<float>(draft, "general.sampling.penalty_repeat", 1.05F);
  gguf::put<std::int32_t>(draft, "general.sampling.mirostat", 2);
  gguf::put<float>(draft, "general.sampling.mirostat_tau", 4.0F);
  gguf::put<float>(draft, "general.sampling.mirostat_eta", 0.2F);
  gguf::put<std::string_view>(draft, "general.sampling.sequence", "top_k;temperature");
  const auto params = of_draft(draft);
  ASSERT_TRUE(params) << params.error().message;
  EXPECT_EQ(0.6F, params->temperature);
  EXPECT_EQ(20, params->top_k);
  EXPECT_EQ(0.95F, params->top_p);
  EXPECT_EQ(0.05F, params->min_p);  // the file says nothing of it
  EXPECT_EQ(0.5F, params->xtc_probability);
  EXPECT_EQ(0.2F, params->xtc_threshold);
  EXPECT_EQ(-1, params->penalty_last_n);
  EXPECT_EQ(1.05F, params->repetition_penalty);
  EXPECT_EQ(2, params->mirostat);
  EXPECT_EQ(4, params->mirostat_tau);
  EXPECT_EQ(0.2F, params->mirostat_eta);
  EXPECT_EQ((std::vector<Sampler>{Sampler::top_k, Sampler::temperature}), params->order);
}

TEST(GgufConfig, RefusesWhatMakesNoSense) {
  const auto refused = [](const auto& put) {
    gguf::Draft draft;
    gguf::put<std::string_view>(draft, "general.architecture", "llama");
    put(draft);
    const auto params = of_draft(draft);
    return !params && params.error().fault == Fault::bad_model ? params.error().message : "";
  };
  EXPECT_EQ("general.sampling.*: top_p: wanted a number from 0 to 1, found 2",
            refused([](auto& to) { gguf::put<float>(to, "general.sampling.top_p", 2); }));
  EXPECT_NE("", refused([](auto& to) {
              gguf::put<std::string_view>(to, "general.sampling.temp", "hot");
            }));
  EXPECT_NE("", refused([](auto& to) {
              gguf::put<std::string_view>(to, "general.sampling.sequence", "top_q");
            }));
}

}  // namespace
}  // namespace mr::sample
