#include "sample/generation_config.h"

#include <boost/json/array.hpp>
#include <limits>
#include <string>

#include "io/json.h"

namespace mr::sample {
namespace {

using boost::json::object;

Expected<void> take(const object& config, const char* key, float& field) {
  MR_TRY(const auto found, json::get_optional<double>(config, key));
  if (found) field = static_cast<float>(*found);
  return {};
}

Expected<void> take(const object& config, const char* key, std::int32_t& field) {
  MR_TRY(const auto found, json::get_optional<std::int64_t>(config, key));
  if (!found) return {};
  using Limits = std::numeric_limits<std::int32_t>;
  if (*found < Limits::min() || *found > Limits::max()) {
    return fail(Fault::bad_model, std::string(key) + ": wanted an integer of 32 bits, found " +
                                      std::to_string(*found));
  }
  field = static_cast<std::int32_t>(*found);
  return {};
}

tl::unexpected<Error> wrong_tokens(const char* key) {
  return fail(Fault::bad_model, std::string(key) + ": wanted lists of token ids");
}

Expected<std::vector<std::int32_t>> tokens_of(const boost::json::value& value, const char* key) {
  const auto* list = value.if_array();
  if (list == nullptr) return wrong_tokens(key);
  std::vector<std::int32_t> tokens;
  for (const boost::json::value& item : *list) {
    const std::int64_t* token = item.if_int64();
    if (token == nullptr || *token < 0 || *token > std::numeric_limits<std::int32_t>::max()) {
      return wrong_tokens(key);
    }
    tokens.push_back(static_cast<std::int32_t>(*token));
  }
  return tokens;
}

/// The field where it is there and not null.
const boost::json::value* find_value(const object& config, const char* key) {
  const boost::json::value* value = config.if_contains(key);
  return value != nullptr && value->is_null() ? nullptr : value;
}

Expected<void> take_tokens(const object& config, Params& params) {
  if (const auto* value = find_value(config, "suppress_tokens")) {
    MR_TRY(params.banned_tokens, tokens_of(*value, "suppress_tokens"));
  }
  if (const auto* value = find_value(config, "bad_words_ids")) {
    const auto* lists = value->if_array();
    if (lists == nullptr) return wrong_tokens("bad_words_ids");
    params.banned_sequences.clear();
    for (const boost::json::value& list : *lists) {
      MR_TRY(auto sequence, tokens_of(list, "bad_words_ids"));
      params.banned_sequences.push_back(std::move(sequence));
    }
  }
  return {};
}

}  // namespace

Expected<Params> with_generation_config(Params params, const object& config, std::int32_t n_vocab) {
  MR_TRY_VOID(take(config, "temperature", params.temperature));
  MR_TRY(const bool do_sample, json::get_or<bool>(config, "do_sample", true));
  if (!do_sample) params.temperature = 0;
  MR_TRY_VOID(take(config, "top_k", params.top_k));
  MR_TRY_VOID(take(config, "top_p", params.top_p));
  MR_TRY_VOID(take(config, "min_p", params.min_p));
  MR_TRY_VOID(take(config, "typical_p", params.typical_p));
  MR_TRY_VOID(take(config, "repetition_penalty", params.repetition_penalty));
  MR_TRY_VOID(take(config, "no_repeat_ngram_size", params.no_repeat_ngram_size));
  MR_TRY_VOID(take(config, "min_new_tokens", params.min_tokens));
  MR_TRY_VOID(take_tokens(config, params));
  auto result = checked(std::move(params), n_vocab);
  if (!result) return fail(Fault::bad_model, result.error().message);
  return result;
}

}  // namespace mr::sample
