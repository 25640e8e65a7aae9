#pragma once
#include "api/ask_fields.h"

/// Prompts as texts and token ids, of completions and embeddings.
namespace mr::api {

/// The prompts in a field: a text, a list of texts, a list of ids, or a list of such lists.
std::vector<const boost::json::value*> get_prompts(Fields& fields, std::string_view key,
                                                   const Served& served);

/// The tokens of one of them.
std::vector<std::int32_t> prompt_tokens(Fields& fields, std::string_view key, const Served& served,
                                        const boost::json::value& prompt, bool add_special);

}  // namespace mr::api
