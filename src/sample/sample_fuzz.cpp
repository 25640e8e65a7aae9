// The whole chain on hostile parameters and logits: whatever passes the check must draw a token
// with a finite logit or none, and the same one again.
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "sample/chain.h"
#include "sample/logprobs.h"

namespace {

using namespace mr::sample;

/// Values off the front of the input; zeros when it is used up.
struct Input {
  const std::uint8_t* data;
  std::size_t n;
};

template <typename T>
T take(Input& input) {
  T value{};
  const std::size_t n = std::min(sizeof value, input.n);
  if (n > 0) std::memcpy(&value, input.data, n);
  input.data += n;
  input.n -= n;
  return value;
}

/// Mostly a number from 0 to 1, which nearly every field may be, else any float at all.
float take_float(Input& input) {
  const auto kind = take<std::uint8_t>(input);
  if (kind < 230) return static_cast<float>(kind) / 229;
  return take<float>(input);
}

std::vector<std::int32_t> take_tokens(Input& input, std::int32_t n_vocab) {
  std::vector<std::int32_t> tokens(take<std::uint8_t>(input) % 24);
  for (auto& token : tokens) token = take<std::uint8_t>(input) % (n_vocab + 1);
  return tokens;
}

std::vector<std::vector<std::int32_t>> take_sequences(Input& input, std::int32_t n_vocab) {
  std::vector<std::vector<std::int32_t>> sequences(take<std::uint8_t>(input) % 4);
  for (auto& sequence : sequences) sequence = take_tokens(input, n_vocab);
  return sequences;
}

Params take_params(Input& input, std::int32_t n_vocab) {
  Params p;
  for (float* field :
       {&p.temperature, &p.dynatemp_range, &p.dynatemp_exponent, &p.top_p, &p.min_p, &p.typical_p,
        &p.top_n_sigma, &p.xtc_probability, &p.xtc_threshold, &p.repetition_penalty,
        &p.presence_penalty, &p.frequency_penalty, &p.dry_multiplier, &p.dry_base, &p.mirostat_tau,
        &p.mirostat_eta, &p.adaptive_target, &p.adaptive_decay}) {
    *field = take_float(input);
  }
  for (std::int32_t* field :
       {&p.top_k, &p.penalty_last_n, &p.no_repeat_ngram_size, &p.dry_allowed_length,
        &p.dry_penalty_last_n, &p.min_tokens, &p.n_logprobs}) {
    *field = take<std::int8_t>(input);
  }
  p.seed = take<std::uint16_t>(input);
  p.mirostat = take<std::uint8_t>(input) % 8 == 0 ? 2 : 0;
  p.order.resize(take<std::uint8_t>(input) % 12);
  for (Sampler& sampler : p.order) sampler = static_cast<Sampler>(take<std::uint8_t>(input) % 9);
  p.banned_tokens = take_tokens(input, n_vocab);
  p.allowed_tokens = take_tokens(input, n_vocab);
  p.banned_sequences = take_sequences(input, n_vocab);
  p.dry_breakers = take_sequences(input, n_vocab);
  for (const std::int32_t token : take_tokens(input, n_vocab)) {
    p.logit_bias.push_back({token, take_float(input)});
  }
  return p;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input{data, size};
  const std::int32_t n_vocab = 1 + take<std::uint16_t>(input) % 200;
  const auto params = checked(take_params(input, n_vocab), n_vocab);
  if (!params) return 0;
  const std::vector<std::int32_t> before = take_tokens(input, n_vocab);
  const std::vector<std::int32_t> path = take_tokens(input, n_vocab);
  std::vector<float> logits(static_cast<std::size_t>(n_vocab));
  for (float& logit : logits) logit = take_float(input);
  Place place{.history = {.before = before, .path = path, .n_prompt = 2},
              .stop_tokens = before,
              .carry = first_carry(*params)};
  Candidates c;
  Candidates again;
  for (int i = 0; i < 3; ++i) {  // what is carried must stay sound
    start(c, logits);
    const Drawn drawn = pick(c, *params, place);
    start(again, logits);
    MR_CHECK(pick(again, *params, place).token == drawn.token);
    MR_CHECK(drawn.token < n_vocab);
    if (drawn.token < 0) break;
    MR_CHECK(!std::isnan(logits[static_cast<std::size_t>(drawn.token)]));
    MR_CHECK(!std::isnan(drawn.carry.mirostat_mu) && !std::isnan(drawn.carry.adaptive_probability));
    const Logprobs told = logprobs(c, {logits}, drawn.token, params->n_logprobs);
    MR_CHECK(told.drawn.logprob <= 0);
    place.carry = drawn.carry;
  }
  return 0;
}
