#include "sample/params.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

#include "sample/generation_config.h"

namespace mr::sample {
namespace {

std::string error_of(const Params& params) {
  const auto result = checked(params, 100);
  return result ? "" : result.error().message;
}

TEST(Params, RangesNameTheField) {
  EXPECT_EQ("", error_of({}));
  EXPECT_EQ("top_p: wanted a number from 0 to 1, found 1.5", error_of({.top_p = 1.5F}));
  EXPECT_EQ("temperature: wanted a number from 0 to 100, found nan",
            error_of({.temperature = std::nanf("")}));
  EXPECT_EQ("min_tokens: wanted an integer from 0 to 1073741824, found -1",
            error_of({.min_tokens = -1}));
  EXPECT_EQ("mirostat: wanted 0 (off) or 2, found 1", error_of({.mirostat = 1}));
  EXPECT_EQ("repetition_penalty: wanted a number from 0.001 to 1000, found 0",
            error_of({.repetition_penalty = 0}));
  EXPECT_EQ("logit_bias: wanted tokens from 0 to 99, found 100",
            error_of({.logit_bias = {{100, 1}}}));
  EXPECT_EQ("logit_bias: wanted finite numbers or -inf, found inf",
            error_of({.logit_bias = {{1, std::numeric_limits<float>::infinity()}}}));
  EXPECT_EQ("", error_of({.logit_bias = {{1, -std::numeric_limits<float>::infinity()}}}));
  EXPECT_EQ("banned_sequences: wanted sequences of 1 to 4096 tokens, found one of 0",
            error_of({.banned_sequences = {{}}}));
  EXPECT_EQ("allowed_tokens: wanted tokens from 0 to 99, found -3",
            error_of({.allowed_tokens = {-3}}));
  EXPECT_EQ((std::vector<std::int32_t>{1, 5}),
            checked({.banned_tokens = {5, 1, 5}}, 100)->banned_tokens);
}

TEST(Params, OrdersByNameAndLetter) {
  const std::vector<Sampler> wanted{Sampler::temperature, Sampler::top_k, Sampler::typical_p};
  EXPECT_EQ(wanted, *order_of_names("temperature;top_k;typ_p"));
  EXPECT_EQ(wanted, *order_of_names("temp,top-k,typical-p,adaptive_p"));
  EXPECT_EQ(wanted, *order_of_letters("tkya"));
  EXPECT_EQ(Params{}.order, *order_of_letters("edskypmxt"));
  EXPECT_TRUE(order_of_names("")->empty());
  EXPECT_EQ(Fault::bad_request, order_of_names("top_q").error().fault);
  EXPECT_EQ("sampler sequence: wanted the letters e d s k y p m x t a, found 'q'",
            order_of_letters("kq").error().message);
}

Expected<Params> of_config(const char* text) {
  return with_generation_config({}, boost::json::parse(text).as_object(), 1000);
}

TEST(Params, ComeFromGenerationConfig) {
  // Qwen3's, shortened.
  const auto params = of_config(R"({"bos_token_id": 151643, "do_sample": true, "eos_token_id": [1],
    "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": null, "transformers_version": "4.51.0",
    "repetition_penalty": 1.05, "bad_words_ids": [[4], [5, 6]], "suppress_tokens": [9]})");
  ASSERT_TRUE(params) << params.error().message;
  EXPECT_EQ(0.6F, params->temperature);
  EXPECT_EQ(20, params->top_k);
  EXPECT_EQ(0.95F, params->top_p);
  EXPECT_EQ(0, params->min_p);
  EXPECT_EQ(1.05F, params->repetition_penalty);
  EXPECT_EQ(2U, params->banned_sequences.size());
  EXPECT_EQ(std::vector<std::int32_t>{9}, params->banned_tokens);
  EXPECT_EQ(0, of_config(R"({"do_sample": false, "temperature": 0.6})")->temperature);
  EXPECT_EQ(1, of_config("{}")->temperature);
  for (const char* bad : {R"({"top_p": 2})", R"({"top_p": "1"})", R"({"top_k": 5000000000})",
                          R"({"top_k": 1.5})", R"({"bad_words_ids": [3]})",
                          R"({"suppress_tokens": [1000]})", R"({"suppress_tokens": [null]})"}) {
    const auto result = of_config(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(Fault::bad_model, result.error().fault) << bad;
  }
  EXPECT_EQ("top_p: wanted a number from 0 to 1, found 2",
            of_config(R"({"top_p": 2})").error().message);
}

}  // namespace
}  // namespace mr::sample
