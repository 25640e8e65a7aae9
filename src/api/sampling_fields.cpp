#include "api/sampling_fields.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <random>

#include "base/quote.h"
#include "engine/token_sequences.h"

namespace mr::api {
namespace {

constexpr double kMost = 1e9;
constexpr Range kInt32{-1, static_cast<double>(std::numeric_limits<std::int32_t>::max())};

void read(Fields& fields, std::string_view key, float& field, Range range) {
  if (const auto number = get_number(fields, key, range)) field = static_cast<float>(*number);
}

void read(Fields& fields, std::string_view key, std::int32_t& field, Range range = kInt32) {
  if (const auto number = get_integer(fields, key, range)) {
    field = static_cast<std::int32_t>(*number);
  }
}

void read_truncation(Fields& fields, sample::Params& p) {
  read(fields, "temperature", p.temperature, {0, 100});
  read(fields, "top_p", p.top_p, {0, 1});
  read(fields, "top_k", p.top_k);
  read(fields, "min_p", p.min_p, {0, 1});
  read(fields, "typical_p", p.typical_p, {0, 1});
  read(fields, "top_n_sigma", p.top_n_sigma, {-1, kMost});
  read(fields, "xtc_probability", p.xtc_probability, {0, 1});
  read(fields, "xtc_threshold", p.xtc_threshold, {0, 1});
  read(fields, "dynatemp_range", p.dynatemp_range, {0, 100});
  read(fields, "dynatemp_exponent", p.dynatemp_exponent, {0, 100});
  read(fields, "mirostat", p.mirostat, {0, 2});
  read(fields, "mirostat_tau", p.mirostat_tau, {0, kMost});
  read(fields, "mirostat_eta", p.mirostat_eta, {0, kMost});
  read(fields, "adaptive_target", p.adaptive_target, {-1, 1});
  read(fields, "adaptive_decay", p.adaptive_decay, {0, 1});
}

void read_penalties(Fields& fields, sample::Params& p) {
  read(fields, "presence_penalty", p.presence_penalty, {-2, 2});
  read(fields, "frequency_penalty", p.frequency_penalty, {-2, 2});
  // vLLM's penalties look at the whole of prompt and answer, llama.cpp's at the last tokens.
  if (p.presence_penalty != 0 || p.frequency_penalty != 0) p.penalty_last_n = -1;
  if (get(fields, "repetition_penalty") != nullptr) p.penalty_last_n = -1;
  read(fields, "repetition_penalty", p.repetition_penalty, {0, kMost});
  read(fields, "repeat_penalty", p.repetition_penalty, {0, kMost});
  read(fields, "repeat_last_n", p.penalty_last_n);
  read(fields, "no_repeat_ngram_size", p.no_repeat_ngram_size, {0, kInt32.most});
  read(fields, "dry_multiplier", p.dry_multiplier, {0, kMost});
  read(fields, "dry_base", p.dry_base, {0, kMost});
  read(fields, "dry_allowed_length", p.dry_allowed_length, {0, kInt32.most});
  read(fields, "dry_penalty_last_n", p.dry_penalty_last_n);
}

/// OpenAI's {"15043": -1} and llama.cpp's [[15043, -1]], where false bans a token.
void read_biases(Fields& fields, sample::Params& p, const Served& served) {
  const boost::json::value* value = get(fields, "logit_bias");
  if (value == nullptr) return;
  const auto wrong = [&](std::string what) { complain(fields, "logit_bias", what); };
  const auto add = [&](std::int64_t id, const boost::json::value& bias) {
    const bool ban = bias.is_bool() && !bias.get_bool();
    if (id < 0 || id >= served.n_vocab) {
      wrong("wanted token ids below " + std::to_string(served.n_vocab) + ", found " +
            std::to_string(id));
    } else if (!ban && !(bias.is_number() && std::abs(bias.to_number<double>()) <= 100)) {
      wrong("wanted biases from -100 to 100, found " + std::string(kind_of(bias)));
    } else {
      const float number = ban ? -std::numeric_limits<float>::infinity()
                               : static_cast<float>(bias.to_number<double>());
      p.logit_bias.push_back({static_cast<std::int32_t>(id), number});
    }
  };
  const auto* object = value->if_object();
  const auto* list = value->if_array();
  const std::size_t n = object != nullptr ? object->size() : list != nullptr ? list->size() : 0;
  if (n > served.limits.logit_biases) {
    wrong("wanted at most " + std::to_string(served.limits.logit_biases) + " entries, found " +
          std::to_string(n));
  } else if (object != nullptr) {
    for (const auto& [key, bias] : *object) {
      std::int64_t id = -1;
      const auto read = std::from_chars(key.data(), key.data() + key.size(), id);
      if (read.ec != std::errc{} || read.ptr != key.data() + key.size()) {
        wrong("wanted token ids as keys, found " + quote(key));
      } else {
        add(id, bias);
      }
    }
  } else if (list != nullptr) {
    for (const auto& item : *list) {
      const auto* pair = item.if_array();
      if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_int64()) {
        wrong("wanted [token id, bias], found " + std::string(kind_of(item)));
      } else {
        add((*pair)[0].get_int64(), (*pair)[1]);
      }
    }
  } else {
    wrong("wanted an object, found " + std::string(kind_of(*value)));
  }
}

void append(engine::TokenSequences& to, engine::TokenSequences from) {
  to.insert(to.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
}

/// vLLM's bad_words.
void read_rules(Fields& fields, sample::Params& p, const Served& served) {
  constexpr std::size_t kTexts = 1024;
  constexpr std::size_t kBytes = 4096;
  const std::vector<std::string> banned = get_texts(fields, "bad_words", kTexts, kBytes);
  if (banned.empty()) return;
  auto rules = sample::make_text_rules(*served.tokenizer, banned, {});
  if (!rules) return complain(fields, "bad_words", rules.error().message);
  p.texts = std::move(*rules);
}

void read_breakers(Fields& fields, sample::Params& p, const Served& served) {
  const bool given = fields.object.if_contains("dry_sequence_breakers") != nullptr;
  auto breakers = get_texts(fields, "dry_sequence_breakers", 64, 64);
  if (!given) breakers = {"\n", ":", "\"", "*"};
  if (p.dry_multiplier == 0) return;
  for (const std::string& breaker : breakers) {
    auto sequences = engine::sequences_across(*served.tokenizer, breaker);
    if (!sequences) return complain(fields, "dry_sequence_breakers", sequences.error().message);
    append(p.dry_breakers, std::move(*sequences));
  }
}

void read_order(Fields& fields, sample::Params& p) {
  const boost::json::value* value = get(fields, "samplers");
  if (value == nullptr) return;
  std::string names;
  for (const std::string& name : get_texts(fields, "samplers", 32, 64)) {
    names += (names.empty() ? "" : ";") + name;
  }
  auto order = value->is_string() && names.find(';') == std::string::npos
                   ? sample::order_of_letters(names)
                   : sample::order_of_names(names);
  if (!order) return complain(fields, "samplers", order.error().message);
  p.order = std::move(*order);
}

}  // namespace

sample::Params get_sampling(Fields& fields, const Served& served) {
  sample::Params p = served.defaults;
  read_truncation(fields, p);
  read_penalties(fields, p);
  read_biases(fields, p, served);
  read_rules(fields, p, served);
  read_breakers(fields, p, served);
  read_order(fields, p);
  p.allowed_tokens = get_tokens(fields, "allowed_token_ids", 1U << 20, served.n_vocab);
  read(fields, "min_tokens", p.min_tokens, {0, kInt32.most});
  const auto seed = get_integer(fields, "seed", {-0x1p63, 0x1p63});
  p.seed = seed && *seed != -1
               ? static_cast<std::uint64_t>(*seed)
               : (std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}();
  if (get_flag(fields, "ignore_eos").value_or(false)) {
    p.banned_tokens.insert(p.banned_tokens.end(), served.end_tokens.begin(),
                           served.end_tokens.end());
  }
  auto checked = sample::checked(p, served.n_vocab);
  if (!checked) join(fields, Problem{.message = checked.error().message});
  return p;
}

}  // namespace mr::api
