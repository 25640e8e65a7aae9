#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sample/accept.h"
#include "sample/grammar_rule.h"
#include "sample/text_rules.h"
#include "sample/thought.h"

/// From logits to the next token. A draw is a function of its logits, its parameters and the tokens
/// before it: neither the batch nor the order of the calls changes it.
namespace mr::sample {

/// The samplers whose order a request may choose.
enum class Sampler : std::uint8_t {
  penalties,  ///< repetition, presence and frequency
  dry,
  top_n_sigma,
  top_k,
  typical_p,
  top_p,
  min_p,
  xtc,
  temperature,
};

struct Bias {
  std::int32_t token;
  float bias;  ///< finite, or -inf: never drawn
};

/// What a request asks of its draws. Everything is off to begin with: a draw then follows the
/// softmax of the logits. Names are those of llama.cpp and vLLM; windows count the tokens of prompt
/// and answer from the end, -1 for all of them.
struct Params {
  float temperature = 1;  ///< 0: the most probable token
  std::uint64_t seed = 0;
  std::vector<Sampler> order{Sampler::penalties, Sampler::dry,       Sampler::top_n_sigma,
                             Sampler::top_k,     Sampler::typical_p, Sampler::top_p,
                             Sampler::min_p,     Sampler::xtc,       Sampler::temperature};

  float dynatemp_range = 0;  ///< 0: off; else the temperature is temperature +- this, by entropy
  float dynatemp_exponent = 1;
  std::int32_t top_k = 0;  ///< below 1: off
  float top_p = 1;
  float min_p = 0;
  float typical_p = 1;
  float top_n_sigma = -1;  ///< not above 0: off
  float xtc_probability = 0;
  float xtc_threshold = 0.1F;  ///< above 0.5: off

  std::int32_t penalty_last_n = 64;
  float repetition_penalty = 1;
  float presence_penalty = 0;
  float frequency_penalty = 0;
  std::int32_t no_repeat_ngram_size = 0;

  float dry_multiplier = 0;  ///< 0: off
  float dry_base = 1.75F;    ///< below 1: off
  std::int32_t dry_allowed_length = 2;
  std::int32_t dry_penalty_last_n = 64;
  std::vector<std::vector<std::int32_t>> dry_breakers = {};  ///< token sequences no repeat spans

  std::int32_t mirostat = 0;  ///< 0: off; 2: after temperature and instead of the whole order
  float mirostat_tau = 5;     ///< bits of surprise aimed at
  float mirostat_eta = 0.1F;

  float adaptive_target = -1;  ///< probability aimed at; below 0: off
  float adaptive_decay = 0.9F;

  std::vector<Bias> logit_bias = {};
  std::vector<std::int32_t> banned_tokens = {};
  std::vector<std::vector<std::int32_t>> banned_sequences = {};  ///< none is ever completed
  std::vector<std::int32_t> allowed_tokens = {};                 ///< empty: all
  TextRules texts = {};
  GrammarRule grammar = {};
  std::int32_t min_tokens = 0;  ///< of the answer, before a stop token may be drawn

  Acceptance acceptance = Acceptance::exact;  ///< the engine's own to set

  ThoughtLimit thought = {};  ///< goes before all the others

  std::int32_t n_logprobs = -1;  ///< the most probable tokens to tell with each; -1: no logprobs
};

/// The parameters as they may be used, lists sorted. Errors: bad_request naming the field, what it
/// may be and what was found, for numbers out of range and tokens outside the vocabulary.
Expected<Params> checked(Params params, std::int32_t n_vocab);

/// An order by names, such as "top_k;temperature"; llama.cpp's names and their other spellings.
/// "adaptive_p" may stand in it but always comes last. Errors: bad_request.
Expected<std::vector<Sampler>> order_of_names(std::string_view names);

/// An order by llama.cpp's letters, such as "kt". Errors: bad_request.
Expected<std::vector<Sampler>> order_of_letters(std::string_view letters);

}  // namespace mr::sample
