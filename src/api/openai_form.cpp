#include "api/openai_form.h"

namespace mr::api {
namespace json = boost::json;

std::string data_event(const json::value& value) {
  return "data: " + json::serialize(value) + "\n\n";
}

json::object usage_object(const Usage& usage) {
  return {{"prompt_tokens", usage.n_prompt},
          {"completion_tokens", usage.n_completion},
          {"total_tokens", usage.n_prompt + usage.n_completion},
          {"prompt_tokens_details", {{"cached_tokens", usage.n_cached}}},
          {"completion_tokens_details", {{"reasoning_tokens", usage.n_reasoning}}}};
}

json::object head(const Ask& ask, std::string_view object) {
  return {{"id", ask.id},
          {"object", object},
          {"created", ask.created},
          {"model", ask.model},
          {"system_fingerprint", ask.fingerprint}};
}

json::value finish_reason(const Piece& piece) {
  return piece.finish ? json::value(name_of(*piece.finish)) : json::value();
}

json::value stop_reason(const Generation& generation, const Piece& piece) {
  if (piece.stop_string) return json::value(*piece.stop_string);
  const auto& eos = generation.tokenizer->vocab.eos;
  if (!piece.stop_token || static_cast<text::Id>(*piece.stop_token) == eos) return nullptr;
  return *piece.stop_token;
}

json::array token_ids(const Piece& piece) {
  json::array ids;
  for (const ShownToken& token : piece.tokens) ids.push_back(token.id);
  return ids;
}

std::string stream_end(const Generation& generation, std::string_view object) {
  std::string out;
  if (generation.ask.include_usage) {
    json::object chunk = head(generation.ask, object);
    chunk["choices"] = json::array();
    chunk["usage"] = usage_object(usage_of(generation));
    out = data_event(chunk);
  }
  return out + std::string(kDone);
}

}  // namespace mr::api
