#pragma once
#include <span>
#include <string>
#include <vector>

#include "api/ask.h"
#include "api/fields.h"
#include "api/served.h"
#include "api/structure.h"

namespace mr::api {

/// Who asks, and when.
struct Asking {
  std::string request_id;
  std::int64_t now = 0;  ///< seconds since 1970
  kv::Salt scope = 0;    ///< within which prefixes are shared
};
std::int64_t now_seconds();

/// The ask of a request with what all protocols of OpenAI's share: model, stop, stream, n and
/// best_of, seed and samplers. Its prompts are still to be made by `add_prompt`.
struct Shared {
  Ask ask;
  sample::Params sample;
  std::vector<std::int32_t> stop_tokens;
  kv::Salt salt = 0;
  std::uint64_t tenant = 0;  ///< keys get equal shares of the machine
  std::int32_t priority = 0;
  Structure structure = {};          ///< of the answer
  std::string speculation = "auto";  ///< who may propose tokens
};
Shared get_shared(Fields& fields, const Served& served, const Asking& asking,
                  std::string_view id_prefix);

/// Sets the salt of a request with a `cache_salt`.
void get_salt(Fields& fields, const Served& served, Shared& shared);

/// The name of the model to answer with; a problem with status 404 where it is another.
std::string get_model(Fields& fields, const Served& served);

/// Adds a prompt for `n_new` tokens at most, or for as many as the context holds.
/// `key`: the field that the prompt comes from.
void add_prompt(Fields& fields, const Served& served, Shared& shared, std::string_view key,
                std::vector<std::int32_t> tokens, std::optional<std::int64_t> n_new);

/// Sets how the answer to a prompt is read: its thought apart, and no longer than `budget` tokens.
/// False, with a problem, where that cannot be.
bool set_reading(Fields& fields, const Served& served, Shared& shared,
                 std::span<const std::int32_t> prompt, std::optional<std::int64_t> budget);

/// Fields that change nothing here, and are taken.
void pass_harmless(Fields& fields);

/// Fields that would change the answer and are not supported: 501, with their name.
void refuse_known(Fields& fields);

/// What is left of the fields: told once on stderr, or refused where the server is strict.
void settle_unread(Fields& fields, const Served& served);

}  // namespace mr::api
