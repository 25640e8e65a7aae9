#pragma once
#include "api/ask_fields.h"
#include "api/generation.h"

/// POST /v1/embeddings: the mean of a text's final hidden states, or the last of them, of length 1.
/// Source: OpenAI's reference.
namespace mr::api {

Checked<Ask> parse_embeddings(const boost::json::object& body, const Served& served,
                              const Asking& asking);

boost::json::object whole(const EmbeddingsForm& form, Generation& generation);

// There is no stream of embeddings.
inline std::string event(EmbeddingsForm&, const Generation&, const Piece&) {
  return {};
}
inline std::string last(const EmbeddingsForm&, const Generation&) {
  return {};
}

}  // namespace mr::api
