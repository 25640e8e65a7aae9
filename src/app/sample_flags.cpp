#include "app/sample_flags.h"

#include <CLI/Option.hpp>
#include <charconv>
#include <cstdio>
#include <limits>
#include <random>

#include "base/quote.h"
#include "engine/token_sequences.h"
#include "io/json.h"
#include "io/resolve.h"
#include "sample/generation_config.h"
#include "sample/gguf_config.h"

namespace mr::app {
namespace {

/// llama.cpp's defaults for its command line.
sample::Params usual_params() {
  return {.temperature = 0.8F, .top_k = 40, .top_p = 0.95F, .min_p = 0.05F};
}

constexpr const char* kCommon = "Options";  // CLI11's own, shown by --help
constexpr const char* kSampling = "Sampling";
constexpr const char* kPenalties = "Penalties";
constexpr const char* kConstraints = "Constraints";

std::string shown(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

/// Flags that set one number each.
struct Numbers {
  CLI::App& command;
  SampleArgs& args;
  const char* group;
};

void add(const Numbers& to, const char* names, float sample::Params::* field, const char* text) {
  const auto set = [&args = to.args, field](const float& value) {
    args.floats.emplace_back(field, value);
  };
  to.command.add_option_function<float>(names, set, text)
      ->group(to.group)
      ->default_str(shown(static_cast<double>(usual_params().*field)));
}

void add(const Numbers& to, const char* names, std::int32_t sample::Params::* field,
         const char* text) {
  const auto set = [&args = to.args, field](const std::int32_t& value) {
    args.ints.emplace_back(field, value);
  };
  to.command.add_option_function<std::int32_t>(names, set, text)
      ->group(to.group)
      ->default_str(std::to_string(usual_params().*field));
}

using P = sample::Params;

void add_common(CLI::App& command, SampleArgs& args) {
  const Numbers to{command, args, kCommon};
  add(to, "--temp,--temperature", &P::temperature, "0: always the most probable token");
  add(to, "--top-k", &P::top_k, "Only the k most probable tokens; 0: all");
  add(to, "--top-p", &P::top_p, "Only the most probable that sum to p; 1: all");
  add(to, "--min-p", &P::min_p, "At least p of the first's probability; 0: all");
  command.add_option("-s,--seed", args.seed, "Same seed, same text (default: another each time)");
}

void add_samplers(CLI::App& command, SampleArgs& args) {
  const Numbers to{command, args, kSampling};
  add(to, "--dynatemp-range", &P::dynatemp_range, "Temperature +- this, by entropy; 0: off");
  add(to, "--dynatemp-exp", &P::dynatemp_exponent, "Exponent of the entropy for it");
  add(to, "--typical,--typical-p", &P::typical_p, "Only the most typical, to p; 1: all");
  add(to, "--top-nsigma,--top-n-sigma", &P::top_n_sigma,
      "Only logits within n deviations of the largest; -1: all");
  add(to, "--xtc-probability", &P::xtc_probability, "Chance to drop top choices; 0: never");
  add(to, "--xtc-threshold", &P::xtc_threshold, "What is a top choice; above 0.5: nothing");
  add(to, "--mirostat", &P::mirostat, "2: aim at a surprise instead of the order; 0: off");
  add(to, "--mirostat-ent", &P::mirostat_tau, "Surprise that it aims at, in bits");
  add(to, "--mirostat-lr", &P::mirostat_eta, "Rate at which it learns");
  add(to, "--adaptive-target", &P::adaptive_target, "Probability to aim at; below 0: off");
  add(to, "--adaptive-decay", &P::adaptive_decay, "How much of the past that remembers");
  command.add_option("--samplers", args.samplers, "Order of the samplers, by names with ; between")
      ->group(kSampling);
  command
      .add_option("--sampler-seq,--sampling-seq", args.sampler_seq,
                  "Order of the samplers, by letters: edskypmxt")
      ->group(kSampling);
}

void add_penalties(CLI::App& command, SampleArgs& args) {
  const Numbers to{command, args, kPenalties};
  add(to, "--repeat-last-n", &P::penalty_last_n, "Tokens that penalties look at; -1: all");
  add(to, "--repeat-penalty,--repetition-penalty", &P::repetition_penalty,
      "Divides logits of tokens seen; 1: off");
  add(to, "--presence-penalty", &P::presence_penalty, "Comes off once where it was seen; 0: off");
  add(to, "--frequency-penalty", &P::frequency_penalty,
      "Comes off as often as it was seen; 0: off");
  add(to, "--no-repeat-ngram-size", &P::no_repeat_ngram_size,
      "No n tokens in a row come twice; 0: off");
  add(to, "--dry-multiplier", &P::dry_multiplier, "Penalty on lengthening repetitions; 0: off");
  add(to, "--dry-base", &P::dry_base, "Its growth with each token");
  add(to, "--dry-allowed-length", &P::dry_allowed_length, "Repetitions up to this are free");
  add(to, "--dry-penalty-last-n", &P::dry_penalty_last_n, "Tokens that it looks at; -1: all");
  command
      .add_option("--dry-sequence-breaker", args.dry_breakers,
                  "Texts that no repetition spans; \"none\": none (default: newline : \" *)")
      ->group(kPenalties)
      ->allow_extra_args(false);
}

/// A flag that may come often, each time with one value.
template <typename T>
CLI::Option* add_list(CLI::App& command, const char* names, std::vector<T>& to, const char* text) {
  return command.add_option(names, to, text)->group(kConstraints)->allow_extra_args(false);
}

void add_constraints(CLI::App& command, SampleArgs& args) {
  add_list(command, "-l,--logit-bias", args.logit_bias,
           "ID+BIAS or ID-BIAS, such as 15043-1 or 7-inf");
  add_list(command, "--suppress-tokens", args.banned_tokens, "Never these tokens, by id")
      ->delimiter(',');
  add_list(command, "--allowed-token-ids", args.allowed_tokens, "Only these tokens, by id")
      ->delimiter(',');
  add_list(command, "--bad-words", args.banned_texts, "A text that the answer must not hold");
  add_list(command, "--guided-choice", args.choices, "A text that the answer may be; no other");
  add({command, args, kConstraints}, "--min-tokens", &P::min_tokens,
      "Of the answer, before it may end");
  command.add_flag("--ignore-eos", args.ignore_eos, "The answer does not end by itself")
      ->group(kConstraints);
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

template <typename T>
void append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
}

Expected<sample::Params> with_flags(sample::Params params, const SampleArgs& args) {
  for (const auto& [field, value] : args.floats) params.*field = value;
  for (const auto& [field, value] : args.ints) params.*field = value;
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
  append(params.banned_tokens, args.banned_tokens);
  append(params.allowed_tokens, args.allowed_tokens);
  return sample::checked(std::move(params), std::numeric_limits<std::int32_t>::max());
}

Expected<sample::Params> with_texts(sample::Params params, const SampleArgs& args,
                                    const Loaded& loaded) {
  const text::Tokenizer& tokenizer = loaded.tokenizer;
  if (args.ignore_eos) append(params.banned_tokens, loaded.ends);
  MR_TRY(params.texts, sample::make_text_rules(tokenizer, args.banned_texts, args.choices));
  if (params.dry_multiplier == 0) return params;
  for (const std::string& breaker : args.dry_breakers) {
    if (breaker == "none") continue;
    MR_TRY(auto sequences, engine::sequences_across(tokenizer, breaker));
    append(params.dry_breakers, std::move(sequences));
  }
  return params;
}

}  // namespace

void add_sample_flags(CLI::App& command, SampleArgs& args) {
  add_common(command, args);
  add_samplers(command, args);
  add_penalties(command, args);
  add_constraints(command, args);
}

Expected<sample::Params> model_params(sample::Params base, const std::string& path,
                                      std::int32_t n_vocab) {
  MR_TRY(const io::ModelFiles files, io::resolve_model(path));
  if (files.format == io::Format::gguf) {
    MR_TRY(const gguf::File file, gguf::open(files.weights));
    auto params = sample::with_gguf_config(std::move(base), file);
    return params ? std::move(params) : fail_at(files.weights, params.error());
  }
  if (files.generation_config.empty()) return base;
  MR_TRY(const json::Document document, json::read_file(files.generation_config));
  MR_TRY(const boost::json::object* config, json::root_object(document));
  auto params = sample::with_generation_config(std::move(base), *config, n_vocab);
  return params ? std::move(params) : fail_at(files.generation_config, params.error());
}

Expected<sample::Params> parse(const SampleArgs& args) {
  return with_flags(usual_params(), args);
}

Expected<sample::Params> sample_params(const SampleArgs& args, const Loaded& loaded) {
  const auto n_vocab = static_cast<std::int32_t>(text::n_tokens(loaded.tokenizer));
  MR_TRY(sample::Params params, model_params(usual_params(), loaded.path, n_vocab));
  MR_TRY(params, with_flags(std::move(params), args));
  MR_TRY(params, with_texts(std::move(params), args, loaded));
  return sample::checked(std::move(params), n_vocab);
}

}  // namespace mr::app
