#include "sample/params.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "base/nearest.h"
#include "base/quote.h"

namespace mr::sample {
namespace {

constexpr std::size_t kMaxOrder = 64;
constexpr std::size_t kMaxSequences = 1 << 20;  // breakers of a vocabulary are many and short
constexpr std::size_t kMaxSequence = 4096;
constexpr std::int32_t kMostTokens = 1 << 30;

struct FloatRange {
  const char* name;
  float Params::* field;
  float least;
  float most;
};

constexpr FloatRange kFloats[] = {
    {"temperature", &Params::temperature, 0, 100},
    {"dynatemp_range", &Params::dynatemp_range, 0, 100},
    {"dynatemp_exponent", &Params::dynatemp_exponent, 0, 100},
    {"top_p", &Params::top_p, 0, 1},
    {"min_p", &Params::min_p, 0, 1},
    {"typical_p", &Params::typical_p, 0, 1},
    {"top_n_sigma", &Params::top_n_sigma, -1, 1000},
    {"xtc_probability", &Params::xtc_probability, 0, 1},
    {"xtc_threshold", &Params::xtc_threshold, 0, 1},
    {"repetition_penalty", &Params::repetition_penalty, 1e-3F, 1e3F},
    {"presence_penalty", &Params::presence_penalty, -100, 100},
    {"frequency_penalty", &Params::frequency_penalty, -100, 100},
    {"dry_multiplier", &Params::dry_multiplier, 0, 1000},
    {"dry_base", &Params::dry_base, 0, 1000},
    {"mirostat_tau", &Params::mirostat_tau, 0, 100},
    {"mirostat_eta", &Params::mirostat_eta, 0, 10},
    {"adaptive_target", &Params::adaptive_target, -1, 1},
    {"adaptive_decay", &Params::adaptive_decay, 0, 0.99F},
};

struct IntRange {
  const char* name;
  std::int32_t Params::* field;
  std::int32_t least;
  std::int32_t most;
};

constexpr IntRange kInts[] = {
    {"top_k", &Params::top_k, -1, std::numeric_limits<std::int32_t>::max()},
    {"penalty_last_n", &Params::penalty_last_n, -1, kMostTokens},
    {"no_repeat_ngram_size", &Params::no_repeat_ngram_size, 0, kMostTokens},
    {"dry_allowed_length", &Params::dry_allowed_length, 0, kMostTokens},
    {"dry_penalty_last_n", &Params::dry_penalty_last_n, -1, kMostTokens},
    {"min_tokens", &Params::min_tokens, 0, kMostTokens},
    {"n_logprobs", &Params::n_logprobs, -1, 1024},
};

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

tl::unexpected<Error> wrong(std::string_view field, std::string_view wanted,
                            const std::string& found) {
  return fail(Fault::bad_request,
              std::string(field) + ": wanted " + std::string(wanted) + ", found " + found);
}

Expected<void> check_numbers(const Params& params) {
  for (const FloatRange& range : kFloats) {
    const float value = params.*range.field;
    if (value >= range.least && value <= range.most) continue;  // false for NaN
    return wrong(range.name, "a number from " + shown(range.least) + " to " + shown(range.most),
                 shown(value));
  }
  for (const IntRange& range : kInts) {
    const std::int32_t value = params.*range.field;
    if (value >= range.least && value <= range.most) continue;
    return wrong(
        range.name,
        "an integer from " + std::to_string(range.least) + " to " + std::to_string(range.most),
        std::to_string(value));
  }
  if (params.mirostat != 0 && params.mirostat != 2) {
    return wrong("mirostat", "0 (off) or 2", std::to_string(params.mirostat));
  }
  if (params.order.size() > kMaxOrder) {
    return wrong("order", "at most " + std::to_string(kMaxOrder) + " samplers",
                 std::to_string(params.order.size()));
  }
  return {};
}

Expected<void> check_token(std::string_view field, std::int32_t token, std::int32_t n_vocab) {
  if (token >= 0 && token < n_vocab) return {};
  return wrong(field, "tokens from 0 to " + std::to_string(n_vocab - 1), std::to_string(token));
}

/// Checks a list of tokens and sorts it.
Expected<void> settle(std::string_view field, std::vector<std::int32_t>& tokens,
                      std::int32_t n_vocab) {
  for (const std::int32_t token : tokens) MR_TRY_VOID(check_token(field, token, n_vocab));
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return {};
}

/// Checks token sequences and sorts them, so that those with one head stand together.
Expected<void> settle(std::string_view field, std::vector<std::vector<std::int32_t>>& sequences,
                      std::int32_t n_vocab) {
  if (sequences.size() > kMaxSequences) {
    return wrong(field, "at most " + std::to_string(kMaxSequences) + " sequences",
                 std::to_string(sequences.size()));
  }
  for (const auto& sequence : sequences) {
    if (sequence.empty() || sequence.size() > kMaxSequence) {
      return wrong(field, "sequences of 1 to " + std::to_string(kMaxSequence) + " tokens",
                   "one of " + std::to_string(sequence.size()));
    }
    for (const std::int32_t token : sequence) MR_TRY_VOID(check_token(field, token, n_vocab));
  }
  std::sort(sequences.begin(), sequences.end());
  return {};
}

Expected<void> check_thought(const ThoughtLimit& limit, std::int32_t n_vocab) {
  if (limit.budget < 0) return {};
  if (limit.grace < 0) return wrong("thought grace", "0 or more", std::to_string(limit.grace));
  MR_TRY_VOID(check_token("thought open", limit.open, n_vocab));
  MR_TRY_VOID(check_token("thought close", limit.close, n_vocab));
  for (const std::int32_t token : limit.message) {
    MR_TRY_VOID(check_token("thought message", token, n_vocab));
  }
  return {};
}

struct Name {
  std::string_view name;
  char letter;
  Sampler sampler;
};

constexpr Name kNames[] = {
    {"penalties", 'e', Sampler::penalties},
    {"dry", 'd', Sampler::dry},
    {"top_n_sigma", 's', Sampler::top_n_sigma},
    {"top_k", 'k', Sampler::top_k},
    {"typ_p", 'y', Sampler::typical_p},
    {"top_p", 'p', Sampler::top_p},
    {"min_p", 'm', Sampler::min_p},
    {"xtc", 'x', Sampler::xtc},
    {"temperature", 't', Sampler::temperature},
    {"typical_p", 'y', Sampler::typical_p},
    {"typical", 'y', Sampler::typical_p},
    {"typ", 'y', Sampler::typical_p},
    {"nucleus", 'p', Sampler::top_p},
    {"temp", 't', Sampler::temperature},
};
constexpr const char* kNamesText =
    "penalties, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc, temperature or adaptive_p";

}  // namespace

Expected<Params> checked(Params params, std::int32_t n_vocab) {
  MR_TRY_VOID(check_numbers(params));
  for (const Bias& bias : params.logit_bias) {
    MR_TRY_VOID(check_token("logit_bias", bias.token, n_vocab));
    if (std::isnan(bias.bias) || bias.bias == std::numeric_limits<float>::infinity()) {
      return wrong("logit_bias", "finite numbers or -inf", shown(bias.bias));
    }
  }
  MR_TRY_VOID(settle("banned_tokens", params.banned_tokens, n_vocab));
  MR_TRY_VOID(settle("allowed_tokens", params.allowed_tokens, n_vocab));
  MR_TRY_VOID(settle("banned_sequences", params.banned_sequences, n_vocab));
  MR_TRY_VOID(settle("dry_breakers", params.dry_breakers, n_vocab));
  MR_TRY_VOID(check_thought(params.thought, n_vocab));
  return params;
}

Expected<std::vector<Sampler>> order_of_names(std::string_view names) {
  std::vector<Sampler> order;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find_first_of(";,"), names.size());
    std::string name(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
    std::replace(name.begin(), name.end(), '-', '_');
    const auto* const found = std::ranges::find(kNames, name, &Name::name);
    if (found != std::end(kNames)) {
      order.push_back(found->sampler);
    } else if (name != "adaptive_p") {
      std::vector<std::string> known;
      for (const Name& one : kNames) known.emplace_back(one.name);
      return wrong("samplers", kNamesText, quote(name) + did_you_mean(name, known));
    }
  }
  return order;
}

Expected<std::vector<Sampler>> order_of_letters(std::string_view letters) {
  std::vector<Sampler> order;
  for (const char letter : letters) {
    const auto* const found = std::ranges::find(kNames, letter, &Name::letter);
    if (found != std::end(kNames)) {
      order.push_back(found->sampler);
    } else if (letter != 'a') {
      return wrong("sampler sequence", "the letters e d s k y p m x t a",
                   quote(std::string(1, letter)));
    }
  }
  return order;
}

}  // namespace mr::sample
