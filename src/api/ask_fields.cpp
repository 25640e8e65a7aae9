#include "api/ask_fields.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "api/random_id.h"
#include "api/sampling_fields.h"
#include "base/log.h"
#include "base/quote.h"
#include "think/budget.h"

namespace mr::api {
namespace {

constexpr std::array kHarmless{"user",
                               "store",
                               "metadata",
                               "service_tier",
                               "safety_identifier",
                               "prompt_cache_key",
                               "prompt_cache_retention",
                               "cache_prompt",
                               "id_slot",
                               "request_id",
                               "prediction",
                               "verbosity",
                               "timings_per_token",
                               "return_progress",
                               "spaces_between_special_tokens",
                               "stream_interval",
                               "kv_transfer_params"};

constexpr std::array kRefused{"audio",
                              "functions",
                              "function_call",
                              "web_search_options",
                              "length_penalty",
                              "use_beam_search",
                              "logits_processors",
                              "mm_processor_kwargs",
                              "prompt_logprobs",
                              "truncate_prompt_tokens",
                              "prompt_embeds",
                              "lora",
                              "vllm_xargs",
                              "moderation"};

void get_stream(Fields& fields, Ask& ask) {
  ask.stream = get_flag(fields, "stream").value_or(false);
  const auto* options = get_object(fields, "stream_options");
  if (options == nullptr) return;
  if (!ask.stream) return complain(fields, "stream_options", "only allowed with stream: true");
  Fields own{.object = *options, .where = "stream_options."};
  ask.include_usage = get_flag(own, "include_usage").value_or(false);
  ask.continuous_usage = get_flag(own, "continuous_usage_stats").value_or(false);
  join(fields, std::move(own.problem));
}

void get_choices(Fields& fields, const Served& served, Ask& ask) {
  const Range range{1, static_cast<double>(served.limits.n_choices)};
  ask.n = static_cast<std::int32_t>(get_integer(fields, "n", range).value_or(1));
  ask.best_of = static_cast<std::int32_t>(get_integer(fields, "best_of", range).value_or(ask.n));
  if (ask.best_of < ask.n) complain(fields, "best_of", "wanted at least n");
  if (ask.best_of > ask.n && ask.stream) complain(fields, "best_of", "not with stream: true");
}

void get_stops(Fields& fields, const Served& served, Shared& shared) {
  const Limits& limits = served.limits;
  shared.ask.reading.stop = get_texts(fields, "stop", limits.stop_strings, limits.stop_bytes);
  shared.ask.reading.include_stop = get_flag(fields, "include_stop_str_in_output").value_or(false);
  shared.ask.reading.show_special = !get_flag(fields, "skip_special_tokens").value_or(true);
  shared.ask.reading.min_tokens = shared.sample.min_tokens;
  shared.stop_tokens = get_tokens(fields, "stop_token_ids", 1024, served.n_vocab);
  shared.stop_tokens.insert(shared.stop_tokens.end(), served.end_tokens.begin(),
                            served.end_tokens.end());
}

/// Whether a name was not told before.
bool first_time(Told& told, std::string_view name) {
  constexpr std::size_t kMost = 1000;
  const std::lock_guard lock(told.mutex);
  return told.names.size() < kMost && told.names.emplace(name).second;
}

}  // namespace

void get_salt(Fields& fields, const Served& served, Shared& shared) {
  const auto salt = get_text(fields, "cache_salt", served.limits.cache_salt_bytes);
  if (!salt) return;
  const bool printable = std::ranges::all_of(*salt, [](char c) { return c >= ' ' && c <= '~'; });
  if (salt->empty() || !printable) {
    return complain(
        fields, "cache_salt",
        "wanted 1 to " + std::to_string(served.limits.cache_salt_bytes) + " printable characters");
  }
  shared.salt = XXH3_64bits_withSeed(salt->data(), salt->size(), shared.salt);
}

std::string get_model(Fields& fields, const Served& served) {
  const auto model = get_text(fields, "model", 1024);
  const bool own = !model || model->empty() || *model == "default" ||
                   std::ranges::find(served.names, *model) != served.names.end();
  if (!own) {
    join(fields, Problem{.status = 404,
                         .message = "The model " + quote(*model) + " does not exist; " +
                                    quote(served.names.front()) + " is served",
                         .param = "model",
                         .code = "model_not_found"});
  }
  return own && model && !model->empty() && *model != "default" ? std::string(*model)
                                                                : served.names.front();
}

std::int64_t now_seconds() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

Shared get_shared(Fields& fields, const Served& served, const Asking& asking,
                  std::string_view id_prefix) {
  Shared shared;
  shared.ask.id = random_id(id_prefix);
  shared.ask.created = asking.now;
  shared.ask.model = get_model(fields, served);
  shared.ask.fingerprint = served.fingerprint;
  get_stream(fields, shared.ask);
  get_choices(fields, served, shared.ask);
  shared.sample = get_sampling(fields, served);
  get_stops(fields, served, shared);
  shared.structure = get_structure(fields);
  shared.salt = asking.scope;
  shared.tenant = asking.scope;
  get_salt(fields, served, shared);
  shared.ask.cache_report = get_flag(fields, "cache_report").value_or(false);
  shared.ask.token_ids = get_flag(fields, "return_token_ids").value_or(false);
  shared.speculation = get_text(fields, "speculation", 256).value_or("auto");
  const auto priority = get_integer(fields, "priority", {-1e6, 1e6}).value_or(0);
  shared.priority = -static_cast<std::int32_t>(priority);  // vLLM: the lower goes first
  return shared;
}

void add_prompt(Fields& fields, const Served& served, Shared& shared, std::string_view key,
                std::vector<std::int32_t> tokens, std::optional<std::int64_t> n_new) {
  const auto n_prompt = static_cast<std::int64_t>(tokens.size());
  const auto too_long = [&](const std::string& asked) {
    complain(fields, key,
             {.message = "This model's maximum context length is " +
                         std::to_string(served.n_context) + " tokens. However, " + asked,
              .code = "context_length_exceeded"});
  };
  if (tokens.empty()) return complain(fields, key, "wanted at least one token");
  if (n_prompt >= served.n_context) {
    return too_long("your prompt has " + std::to_string(n_prompt) + " tokens.");
  }
  const std::int64_t room = served.n_context - n_prompt;
  if (n_new && *n_new > room) {
    return too_long("you requested " + std::to_string(n_prompt + *n_new) + " tokens (" +
                    std::to_string(n_prompt) + " in the prompt, " + std::to_string(*n_new) +
                    " in the completion).");
  }
  const std::int64_t most = std::min<std::int64_t>(room, served.limits.max_tokens);
  shared.ask.prompts.push_back({.prompt = std::move(tokens),
                                .n_new = static_cast<std::int32_t>(n_new.value_or(most)),
                                .n_choices = shared.ask.best_of,
                                .sample = shared.sample,
                                .stop_tokens = shared.stop_tokens,
                                .tenant = shared.tenant,
                                .salt = shared.salt,
                                .speculation = shared.speculation,
                                .priority = shared.priority});
}

bool set_reading(Fields& fields, const Served& served, Shared& shared,
                 std::span<const std::int32_t> prompt, std::optional<std::int64_t> budget) {
  shared.ask.reading.marks = served.marks;
  shared.ask.reading.shows_thought = served.reasoning == ReasoningFormat::none;
  shared.ask.reading.begins_in_thought =
      served.marks && text::ends_in_thought(*served.tokenizer, *served.marks, prompt);
  if (!budget) return true;
  auto limit = think::limit(*served.tokenizer, served.marks,
                            {.n_tokens = static_cast<std::int32_t>(*budget)},
                            shared.ask.reading.begins_in_thought);
  if (limit) {
    shared.sample.thought = std::move(*limit);
    return true;
  }
  join(fields, problem_of(limit.error()));
  return false;
}

void pass_harmless(Fields& fields) {
  for (const char* key : kHarmless) fields.seen.emplace_back(key);
}

void refuse_known(Fields& fields) {
  for (const char* key : kRefused) refuse_unsupported(fields, key);
}

void settle_unread(Fields& fields, const Served& served) {
  for (const std::string_view name : unread(fields)) {
    if (served.strict) return complain(fields, name, {.message = "unknown field"});
    if (first_time(*served.told, name)) {
      log::say(log::Level::warning, "unknown field %s ignored", quote(name).c_str());
    }
  }
}

}  // namespace mr::api
