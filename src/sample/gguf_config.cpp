#include "sample/gguf_config.h"

#include <limits>
#include <string>

namespace mr::sample {
namespace {

constexpr std::pair<const char*, float Params::*> kFloatKeys[] = {
    {"temp", &Params::temperature},
    {"top_p", &Params::top_p},
    {"min_p", &Params::min_p},
    {"xtc_probability", &Params::xtc_probability},
    {"xtc_threshold", &Params::xtc_threshold},
    {"penalty_repeat", &Params::repetition_penalty},
    {"mirostat_tau", &Params::mirostat_tau},
    {"mirostat_eta", &Params::mirostat_eta},
};
constexpr std::pair<const char*, std::int32_t Params::*> kIntKeys[] = {
    {"top_k", &Params::top_k},
    {"penalty_last_n", &Params::penalty_last_n},
    {"mirostat", &Params::mirostat},
};

std::string key_of(const char* name) {
  return std::string("general.sampling.") + name;
}

}  // namespace

Expected<Params> with_gguf_config(Params params, const gguf::File& file) {
  for (const auto& [name, field] : kFloatKeys) {
    MR_TRY(params.*field, gguf::get_or<float>(file, key_of(name), params.*field));
  }
  for (const auto& [name, field] : kIntKeys) {
    MR_TRY(params.*field, gguf::get_or<std::int32_t>(file, key_of(name), params.*field));
  }
  MR_TRY(const auto sequence, gguf::get_or<std::string>(file, key_of("sequence"), ""));
  auto result = checked(std::move(params), std::numeric_limits<std::int32_t>::max());
  if (result && !sequence.empty()) {
    auto order = order_of_names(sequence);
    if (!order) return fail(Fault::bad_model, key_of("sequence") + ": " + order.error().message);
    result->order = std::move(*order);
  }
  if (!result) return fail(Fault::bad_model, key_of("*") + ": " + result.error().message);
  return result;
}

}  // namespace mr::sample
