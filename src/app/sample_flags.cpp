#include "app/sample_flags.h"

#include <CLI/Option.hpp>
#include <charconv>
#include <limits>
#include <random>

#include "base/quote.h"
#include "engine/token_sequences.h"
#include "text/end_tokens.h"

namespace mr::app {
namespace {

constexpr const char* kGroup = "Sampling";

template <typename T>
CLI::Option* add(CLI::App& command, const char* names, T& field, const char* text) {
  return command.add_option(names, field, text)->group(kGroup)->capture_default_str();
}

void add_truncation(CLI::App& command, sample::Params& p) {
  add(command, "--temp,--temperature", p.temperature, "0: always the most probable token");
  add(command, "--dynatemp-range", p.dynatemp_range, "Temperature +- this, by entropy; 0: off");
  add(command, "--dynatemp-exp", p.dynatemp_exponent, "Exponent of the entropy for it");
  add(command, "--top-k", p.top_k, "Only the k most probable tokens; 0: all");
  add(command, "--top-p", p.top_p, "Only the most probable that sum to p; 1: all");
  add(command, "--min-p", p.min_p, "Only those p times as probable as the first; 0: all");
  add(command, "--typical,--typical-p", p.typical_p, "Only the most typical, to p; 1: all");
  add(command, "--top-nsigma,--top-n-sigma", p.top_n_sigma,
      "Only logits within n deviations of the largest; -1: all");
  add(command, "--xtc-probability", p.xtc_probability, "Chance to drop top choices; 0: never");
  add(command, "--xtc-threshold", p.xtc_threshold, "What is a top choice; above 0.5: nothing");
  add(command, "--mirostat", p.mirostat, "2: aim at a surprise instead of the above; 0: off");
  add(command, "--mirostat-ent", p.mirostat_tau, "Surprise that it aims at, in bits");
  add(command, "--mirostat-lr", p.mirostat_eta, "Rate at which it learns");
  add(command, "--adaptive-target", p.adaptive_target, "Probability to aim at; below 0: off");
  add(command, "--adaptive-decay", p.adaptive_decay, "How much of the past that remembers");
}

void add_penalties(CLI::App& command, SampleArgs& args) {
  sample::Params& p = args.params;
  add(command, "--repeat-last-n", p.penalty_last_n, "Tokens that penalties look at; -1: all");
  add(command, "--repeat-penalty,--repetition-penalty", p.repetition_penalty,
      "Divides logits of tokens seen; 1: off");
  add(command, "--presence-penalty", p.presence_penalty,
      "Comes off once where it was seen; 0: off");
  add(command, "--frequency-penalty", p.frequency_penalty,
      "Comes off as often as it was seen; 0: off");
  add(command, "--no-repeat-ngram-size", p.no_repeat_ngram_size,
      "No n tokens in a row come twice; 0: off");
  add(command, "--dry-multiplier", p.dry_multiplier, "Penalty on lengthening repetitions; 0: off");
  add(command, "--dry-base", p.dry_base, "Its growth with each token");
  add(command, "--dry-allowed-length", p.dry_allowed_length, "Repetitions up to this are free");
  add(command, "--dry-penalty-last-n", p.dry_penalty_last_n, "Tokens that it looks at; -1: all");
  command
      .add_option("--dry-sequence-breaker", args.dry_breakers,
                  "Texts that no repetition spans; \"none\": none (default: newline : \" *)")
      ->group(kGroup)
      ->allow_extra_args(false);
}

void add_bans(CLI::App& command, SampleArgs& args) {
  add(command, "--samplers", args.samplers, "Order of the samplers, by names with ; between");
  add(command, "--sampler-seq,--sampling-seq", args.sampler_seq,
      "Order of the samplers, by letters: edskypmxt");
  command
      .add_option("-l,--logit-bias", args.logit_bias,
                  "ID+BIAS or ID-BIAS, such as 15043-1 or 7-inf")
      ->group(kGroup)
      ->allow_extra_args(false);
  command.add_option("--bad-words", args.bad_words, "A text that the answer must not hold")
      ->group(kGroup)
      ->allow_extra_args(false);
  command.add_option("--allowed-token-ids", args.params.allowed_tokens, "Only these tokens, by id")
      ->group(kGroup)
      ->delimiter(',')
      ->allow_extra_args(false);
  add(command, "--min-tokens", args.params.min_tokens, "Of the answer, before it may end");
  command.add_flag("--ignore-eos", args.ignore_eos, "The answer does not end by itself")
      ->group(kGroup);
  command.add_option("-s,--seed", args.seed, "Same seed, same text (default: another each time)")
      ->group(kGroup);
}

/// "15043-1.5": the token and what is added to its logit.
Expected<sample::Bias> parse_bias(const std::string& text) {
  sample::Bias bias{};
  const char* const end = text.data() + text.size();
  const auto id = std::from_chars(text.data(), end, bias.token);
  if (id.ec == std::errc{} && id.ptr != end && (*id.ptr == '+' || *id.ptr == '-')) {
    const auto value = std::from_chars(id.ptr + 1, end, bias.bias);
    if (value.ec == std::errc{} && value.ptr == end && id.ptr[1] != '-') {
      if (*id.ptr == '-') bias.bias = -bias.bias;
      return bias;
    }
  }
  return fail(Fault::bad_request,
              "logit bias: wanted ID+BIAS or ID-BIAS, such as 15043-1, found " + quote(text));
}

void append(engine::TokenSequences& to, engine::TokenSequences from) {
  to.insert(to.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
}

}  // namespace

void add_sample_flags(CLI::App& command, SampleArgs& args) {
  add_truncation(command, args.params);
  add_penalties(command, args);
  add_bans(command, args);
}

Expected<sample::Params> parse(const SampleArgs& args) {
  sample::Params params = args.params;
  params.seed = args.seed ? *args.seed : std::random_device{}();
  if (!args.samplers.empty()) {
    MR_TRY(params.order, sample::order_of_names(args.samplers));
  }
  if (!args.sampler_seq.empty()) {
    MR_TRY(params.order, sample::order_of_letters(args.sampler_seq));
  }
  for (const std::string& text : args.logit_bias) {
    MR_TRY(const sample::Bias bias, parse_bias(text));
    params.logit_bias.push_back(bias);
  }
  return sample::checked(std::move(params), std::numeric_limits<std::int32_t>::max());
}

Expected<sample::Params> with_texts(sample::Params params, const SampleArgs& args,
                                    const text::Tokenizer& tokenizer) {
  if (args.ignore_eos) params.banned_tokens = text::end_tokens(tokenizer);
  for (const std::string& word : args.bad_words) {
    MR_TRY(auto sequences, engine::spellings(tokenizer, word));
    append(params.banned_sequences, std::move(sequences));
  }
  if (params.dry_multiplier == 0) return params;
  for (const std::string& breaker : args.dry_breakers) {
    if (breaker == "none") continue;
    MR_TRY(auto sequences, engine::sequences_across(tokenizer, breaker));
    append(params.dry_breakers, std::move(sequences));
  }
  return params;
}

}  // namespace mr::app
