#pragma once
#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/loaded.h"
#include "base/error.h"
#include "sample/params.h"
#include "text/tokenizer.h"

namespace mr::app {

/// What a command was told about sampling; what it was not told comes from the model.
struct SampleArgs {
  std::vector<std::pair<float sample::Params::*, float>> floats;
  std::vector<std::pair<std::int32_t sample::Params::*, std::int32_t>> ints;
  std::optional<std::uint64_t> seed;  ///< none: another one each time
  std::string samplers;               ///< an order by names
  std::string sampler_seq;            ///< ... or by letters
  std::vector<std::string> dry_breakers{"\n", ":", "\"", "*"};
  std::vector<std::string> logit_bias;  ///< such as "15043-1"
  std::vector<std::int32_t> banned_tokens;
  std::vector<std::int32_t> allowed_tokens;
  std::vector<std::string> banned_texts;
  std::vector<std::string> choices;  ///< texts of which the answer is one; none: any answer
  bool ignore_eos = false;
};

/// Adds the flags, with llama.cpp's names and vLLM's; those that most use to no group.
void add_sample_flags(CLI::App& command, SampleArgs& args);

/// What the flags say as far as that needs no model, over llama.cpp's defaults; draws a seed where
/// none was given. Errors: bad_request naming the field.
Expected<sample::Params> parse(const SampleArgs& args);

/// What the model `path` says of draws, in its generation_config.json or its GGUF metadata, over
/// `base`. Errors: bad_model naming the file.
Expected<sample::Params> model_params(sample::Params base, const std::string& path,
                                      std::int32_t n_vocab);

/// What the flags say, over what the model says in its generation_config.json or its GGUF metadata,
/// over llama.cpp's defaults. `loaded` outlives it.
/// Errors: bad_request naming the field, bad_model naming the file.
Expected<sample::Params> sample_params(const SampleArgs& args, const Loaded& loaded);

}  // namespace mr::app
