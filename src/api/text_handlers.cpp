#include "api/chat.h"
#include "api/completion.h"
#include "api/embeddings.h"
#include "api/handlers.h"
#include "api/json_limits.h"
#include "api/messages.h"
#include "api/responses.h"
#include "io/json.h"
#include "text/valid_utf8.h"

/// Requests with a body of JSON.
namespace mr::api {
namespace json = boost::json;
namespace {

/// A request's tokens, with the pieces where they are wanted.
json::object tokens_object(const Served& served, const std::vector<std::int32_t>& tokens,
                           bool with_pieces) {
  json::array ids;
  json::array texts;
  for (const std::int32_t token : tokens) {
    const std::string piece =
        text::valid_utf8(text::piece_bytes(*served.tokenizer, static_cast<text::Id>(token), false));
    if (with_pieces) {
      ids.push_back({{"id", token}, {"piece", piece}});
    } else {
      ids.push_back(token);
    }
    texts.push_back(json::string(piece));
  }
  json::object out{
      {"count", tokens.size()}, {"max_model_len", served.n_context}, {"tokens", std::move(ids)}};
  if (with_pieces) out["token_strs"] = std::move(texts);
  return out;
}

Checked<std::vector<std::int32_t>> tokenize(Fields& fields, const Served& served) {
  if (fields.object.contains("messages")) {
    const Chat chat = get_chat(fields, served);
    const bool add_special = get_flag(fields, "add_special_tokens").value_or(false);
    if (fields.problem) return refuse(std::move(*fields.problem));
    return tokens_of(served, chat, add_special);
  }
  // vLLM's `prompt` adds special tokens and reads them in the text, llama-server's `content` reads
  // them unless told not to.
  const bool vllm = fields.object.contains("prompt");
  const auto text = get_text(fields, vllm ? "prompt" : "content");
  const bool add = get_flag(fields, vllm ? "add_special_tokens" : "add_special").value_or(vllm);
  const bool parse = get_flag(fields, "parse_special").value_or(true);
  if (!text) complain(fields, vllm ? "prompt" : "content", "wanted a string");
  if (fields.problem) return refuse(std::move(*fields.problem));
  const auto ids =
      text::encode(*served.tokenizer, *text, {.add_special = add, .parse_special = parse});
  if (!ids) return refuse(problem_of(ids.error()));
  return std::vector<std::int32_t>(ids->begin(), ids->end());
}

}  // namespace

Checked<mr::json::Document> read_body(const Call& call) {
  const Limits& limits = call.service.served.limits;
  const std::string_view type = header(call.request, "content-type");
  if (!type.empty() && type.find("json") == std::string_view::npos) {
    return refuse({.status = 415, .message = "wanted a body of application/json"});
  }
  auto document = mr::json::parse(call.request.body, {.max_bytes = limits.body_bytes,
                                                      .memory_bytes = 4 * limits.body_bytes,
                                                      .max_depth = limits.json_depth});
  if (!document)
    return refuse({.message = "body: " + document.error().message, .code = "invalid_json"});
  if (!document->root.is_object()) return refuse({.message = "body: wanted a JSON object"});
  if (auto checked = check_json(document->root, limits); !checked) {
    return refuse(std::move(checked.error()));
  }
  return std::move(*document);
}

Checked<Reply> post_tokenize(const Call& call) {
  MR_ASK(const mr::json::Document document, read_body(call));
  Fields fields{.object = document.root.get_object()};
  const Served& served = call.service.served;
  get_model(fields, served);
  bool pieces = get_flag(fields, "with_pieces").value_or(false);
  pieces |= get_flag(fields, "return_token_strs").value_or(false);
  MR_ASK(const std::vector<std::int32_t> tokens, tokenize(fields, served));
  return json_response(tokens_object(served, tokens, pieces));
}

Checked<Reply> post_detokenize(const Call& call) {
  MR_ASK(const mr::json::Document document, read_body(call));
  Fields fields{.object = document.root.get_object()};
  const Served& served = call.service.served;
  get_model(fields, served);
  const auto tokens = get_tokens(fields, "tokens", served.limits.prompt_tokens, served.n_vocab);
  if (!fields.object.contains("tokens")) complain(fields, "tokens", "wanted a list of token ids");
  if (fields.problem) return refuse(std::move(*fields.problem));
  const std::vector<text::Id> ids(tokens.begin(), tokens.end());
  const std::string text = text::valid_utf8(text::decode(*served.tokenizer, ids));
  return json_response({{"content", text}, {"prompt", text}});
}

Checked<Reply> post_apply_template(const Call& call) {
  MR_ASK(const mr::json::Document document, read_body(call));
  Fields fields{.object = document.root.get_object()};
  get_model(fields, call.service.served);
  const Chat chat = get_chat(fields, call.service.served);
  if (fields.problem) return refuse(std::move(*fields.problem));
  MR_ASK(const text::jinja::Rendered rendered, render(call.service.served, chat));
  return json_response({{"prompt", rendered.text}});
}

Checked<Reply> post_completion(const Call& call) {
  MR_ASK(const mr::json::Document document, read_body(call));
  return parse_completion(document.root.get_object(), call.service.served, call.asking)
      .map([](Ask&& ask) { return Reply(std::move(ask)); });
}

Checked<Reply> post_embeddings(const Call& call) {
  MR_ASK(const mr::json::Document document, read_body(call));
  return parse_embeddings(document.root.get_object(), call.service.served, call.asking)
      .map([](Ask&& ask) { return Reply(std::move(ask)); });
}

Checked<Reply> post_chat(const Call& call) {
  MR_ASK(const mr::json::Document document, read_body(call));
  return parse_chat(document.root.get_object(), call.service.served, call.asking)
      .map([](Ask&& ask) { return Reply(std::move(ask)); });
}

Checked<Reply> post_messages(const Call& call) {
  MR_ASK(const mr::json::Document document, read_body(call));
  return parse_messages(document.root.get_object(), call.service.served, call.asking)
      .map([](Ask&& ask) { return Reply(std::move(ask)); });
}

Checked<Reply> post_count_tokens(const Call& call) {
  MR_ASK(const mr::json::Document document, read_body(call));
  MR_ASK(const auto tokens, count_messages(document.root.get_object(), call.service.served));
  return json_response({{"input_tokens", tokens.size()}});
}

Checked<Reply> post_responses(const Call& call) {
  MR_ASK(const mr::json::Document document, read_body(call));
  return parse_responses(document.root.get_object(), call.service.served, call.service.responses,
                         call.asking)
      .map([](Ask&& ask) { return Reply(std::move(ask)); });
}

}  // namespace mr::api
