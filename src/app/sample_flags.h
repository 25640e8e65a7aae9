#pragma once
#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sample/params.h"
#include "text/tokenizer.h"

namespace mr::app {

/// What a command was told about sampling, to begin with llama.cpp's defaults.
struct SampleArgs {
  sample::Params params{.temperature = 0.8F, .top_k = 40, .top_p = 0.95F, .min_p = 0.05F};
  std::optional<std::uint64_t> seed;  ///< none: another one each time
  std::string samplers;               ///< an order by names
  std::string sampler_seq;            ///< ... or by letters
  std::vector<std::string> dry_breakers{"\n", ":", "\"", "*"};
  std::vector<std::string> bad_words;
  std::vector<std::string> logit_bias;  ///< such as "15043-1"
  bool ignore_eos = false;
};

/// Adds the flags, with llama.cpp's names and vLLM's.
void add_sample_flags(CLI::App& command, SampleArgs& args);

/// What the flags come to as far as that needs no model; draws a seed where none was given.
/// Errors: bad_request naming the field.
Expected<sample::Params> parse(const SampleArgs& args);

/// The parameters with the flags that are texts, as tokens. Errors: bad_request.
Expected<sample::Params> with_texts(sample::Params params, const SampleArgs& args,
                                    const text::Tokenizer& tokenizer);

}  // namespace mr::app
