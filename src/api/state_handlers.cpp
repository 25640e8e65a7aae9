#include "api/handlers.h"
#include "io/json.h"

/// Health, metrics, and what is served.
namespace mr::api {
namespace {

boost::json::object model_object(const Served& served, const std::string& name) {
  return {{"id", name},
          {"object", "model"},
          {"created", served.created},
          {"owned_by", "millrace"},
          {"root", served.names.front()},
          {"parent", nullptr},
          {"max_model_len", served.n_context},
          {"meta", served.meta}};
}

/// The response that the path names.
std::string response_id(const Call& call) {
  constexpr std::string_view kStem = "/v1/responses/";
  return call.request.path.substr(kStem.size());
}

/// The text of a token of the vocabulary; null where there is none.
boost::json::value token_text(const text::Tokenizer& tokenizer, text::Id id) {
  if (id >= text::n_tokens(tokenizer)) return nullptr;
  const std::string_view piece = view(tokenizer.vocab.pieces, id);
  return boost::json::value(piece);
}

}  // namespace

Response json_response(const boost::json::value& value, int status) {
  return {.status = status, .body = boost::json::serialize(value)};
}

Checked<Reply> get_health(const Call& call) {
  if (call.service.draining) {
    return refuse({.status = 503, .message = "shutting down", .code = "unavailable"});
  }
  return json_response({{"status", "ok"}});
}

Checked<Reply> get_live(const Call&) {
  return json_response({{"status", "ok"}});
}

Checked<Reply> get_ready(const Call& call) {
  return get_health(call);
}

Checked<Reply> get_metrics(const Call& call) {
  Service& service = call.service;
  return Response{.body = page_of(service.metrics, *service.loop, service.served.names.front()),
                  .type = "text/plain; version=0.0.4; charset=utf-8"};
}

Checked<Reply> get_models(const Call& call) {
  boost::json::array data;
  for (const std::string& name : call.service.served.names) {
    data.push_back(model_object(call.service.served, name));
  }
  return json_response({{"object", "list"}, {"data", std::move(data)}});
}

Checked<Reply> get_one_model(const Call& call) {
  constexpr std::string_view kStem = "/v1/models/";
  const std::string_view asked = std::string_view(call.request.path).substr(kStem.size());
  for (const std::string& name : call.service.served.names) {
    if (name == asked) return json_response(model_object(call.service.served, name));
  }
  return refuse({.status = 404,
                 .message = "this model is not served",
                 .param = "model",
                 .code = "model_not_found"});
}

Checked<Reply> get_response(const Call& call) {
  const auto found = find(call.service.responses, response_id(call), call.asking.scope);
  if (found) return json_response(found->response);
  return refuse({.status = 404, .message = "no such response is stored here", .code = "not_found"});
}

Checked<Reply> delete_response(const Call& call) {
  const std::string id = response_id(call);
  if (forget(call.service.responses, id, call.asking.scope)) {
    return json_response({{"id", id}, {"object", "response"}, {"deleted", true}});
  }
  return refuse({.status = 404, .message = "no such response is stored here", .code = "not_found"});
}

Checked<Reply> get_props(const Call& call) {
  const Served& served = call.service.served;
  return json_response({{"default_generation_settings", {{"n_ctx", served.n_context}}},
                        {"total_slots", call.service.loop->options.n_running},
                        {"model_path", served.path},
                        {"model_alias", served.names.front()},
                        {"chat_template", served.chat_source},
                        {"bos_token", token_text(*served.tokenizer, served.tokenizer->vocab.bos)},
                        {"eos_token", token_text(*served.tokenizer, served.tokenizer->vocab.eos)},
                        {"build_info", served.fingerprint},
                        {"modalities", {{"vision", false}, {"audio", false}}}});
}

Checked<Reply> get_tokenizer_info(const Call& call) {
  const Served& served = call.service.served;
  const text::Tokenizer& tokenizer = *served.tokenizer;
  return json_response({{"tokenizer_class", "millrace"},
                        {"vocab_size", text::n_tokens(tokenizer)},
                        {"model_max_length", served.n_context},
                        {"max_loaded_length", served.n_context},
                        {"bos_token", token_text(tokenizer, tokenizer.vocab.bos)},
                        {"eos_token", token_text(tokenizer, tokenizer.vocab.eos)},
                        {"unk_token", token_text(tokenizer, tokenizer.vocab.unknown)},
                        {"pad_token", token_text(tokenizer, tokenizer.vocab.eos)},
                        {"chat_template", served.chat_source}});
}

Checked<Reply> get_version(const Call& call) {
  return json_response({{"version", call.service.served.fingerprint}});
}

}  // namespace mr::api
