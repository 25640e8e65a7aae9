#include "api/chat.h"

#include "api/answer_grammar.h"
#include "api/logprob_form.h"
#include "api/openai_form.h"

namespace mr::api {
namespace json = boost::json;
namespace {

constexpr std::string_view kChunk = "chat.completion.chunk";

ChatForm chat_form(Fields& fields, const Served& served, Shared& shared) {
  const bool wanted = get_flag(fields, "logprobs").value_or(false);
  const Range range{0, static_cast<double>(served.limits.top_logprobs)};
  const auto n = get_integer(fields, "top_logprobs", range);
  if (n && *n > 0 && !wanted) complain(fields, "top_logprobs", "only with logprobs: true");
  if (wanted) shared.sample.n_logprobs = static_cast<std::int32_t>(n.value_or(0));
  return {
      .logprobs = wanted, .deepseek = served.reasoning == ReasoningFormat::deepseek, .begun = {}};
}

std::optional<std::int64_t> get_max_tokens(Fields& fields, const Served& served) {
  const Range range{1, static_cast<double>(served.limits.max_tokens)};
  const auto old = get_integer(fields, "max_tokens", range);
  const auto now = get_integer(fields, "max_completion_tokens", range);
  return now ? now : old;
}

void get_modalities(Fields& fields) {
  for (const std::string& name : get_texts(fields, "modalities", 8, 32)) {
    if (name != "text") {
      complain(fields, "modalities", {.status = 501, .message = "only text is supported"});
    }
  }
}

json::object call_object(const ToolCall& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

/// Both names of the reasoning are in use.
void add_reasoning(const ChatForm& form, json::object& message, const Piece& piece) {
  if (piece.reasoning.empty()) return;
  if (!form.deepseek) message["reasoning"] = piece.reasoning;
  message["reasoning_content"] = piece.reasoning;
}

json::object message_of(const ChatForm& form, const Piece& piece) {
  json::object message{{"role", "assistant"}, {"content", piece.text}, {"refusal", nullptr}};
  add_reasoning(form, message, piece);
  if (piece.calls.empty()) return message;
  json::array calls;
  for (const ToolCall& call : piece.calls) calls.push_back(call_object(call));
  message["tool_calls"] = std::move(calls);
  if (piece.text.empty()) message["content"] = nullptr;
  return message;
}

/// The text of a piece, and the heads of its calls.
json::object delta_of(const ChatForm& form, const Piece& piece, int n_calls) {
  json::object delta;
  if (!piece.text.empty()) delta["content"] = piece.text;
  add_reasoning(form, delta, piece);
  if (piece.calls.empty()) return delta;
  json::array calls;
  for (const ToolCall& call : piece.calls) {
    calls.push_back({{"index", n_calls++},
                     {"id", call.id},
                     {"type", "function"},
                     {"function", {{"name", call.name}, {"arguments", ""}}}});
  }
  delta["tool_calls"] = std::move(calls);
  return delta;
}

/// The arguments of its calls, which clients join to what came before.
json::object arguments_of(const Piece& piece, int n_calls) {
  json::array calls;
  for (const ToolCall& call : piece.calls) {
    calls.push_back({{"index", n_calls++}, {"function", {{"arguments", call.arguments}}}});
  }
  return {{"tool_calls", std::move(calls)}};
}

json::object choice_of(const ChatForm& form, const Generation& generation, const Piece& piece,
                       std::string_view key, json::object message) {
  json::object choice{{"index", piece.index}, {key, std::move(message)}, {"logprobs", nullptr}};
  if (form.logprobs) choice["logprobs"] = chat_logprobs(*generation.tokenizer, piece.tokens);
  choice["finish_reason"] = finish_reason(piece);
  choice["stop_reason"] = stop_reason(generation, piece);
  if (generation.ask.token_ids) choice["token_ids"] = token_ids(piece);
  return choice;
}

}  // namespace

Checked<Ask> parse_chat(const json::object& body, const Served& served, const Asking& asking) {
  Fields fields{.object = body};
  Shared shared = get_shared(fields, served, asking, "chatcmpl-");
  ChatForm form = chat_form(fields, served, shared);
  const auto n_new = get_max_tokens(fields, served);
  get_modalities(fields);
  Chat chat = get_chat(fields, served);
  const bool add_special = get_flag(fields, "add_special_tokens").value_or(false);
  chat.parallel = get_flag(fields, "parallel_tool_calls").value_or(true);
  const ToolRules rules = tool_rules(fields, served, chat);
  if (shared.ask.cache_report) shared.ask.chat = std::make_shared<const Chat>(chat);
  const auto budget = get_integer(fields, "thinking_token_budget", {0, 1e9});
  get_flag(fields, "include_reasoning");
  refuse_unsupported(fields, "echo");
  refuse_known(fields);
  pass_harmless(fields);
  settle_unread(fields, served);
  if (fields.problem) return refuse(std::move(*fields.problem));
  MR_ASK(std::vector<std::int32_t> tokens, tokens_of(served, chat, add_special));
  if (!set_reading(fields, served, shared, tokens, budget)) {
    return refuse(std::move(*fields.problem));
  }
  if (!set_grammar(fields, served, shared, rules, tokens)) {
    return refuse(std::move(*fields.problem));
  }
  add_prompt(fields, served, shared, "messages", std::move(tokens), n_new);
  if (fields.problem) return refuse(std::move(*fields.problem));
  form.begun.resize(static_cast<std::size_t>(shared.ask.n));
  form.n_calls.resize(form.begun.size());
  shared.ask.form = std::move(form);
  return std::move(shared.ask);
}

json::object whole(const ChatForm& form, Generation& generation) {
  json::object out = head(generation.ask, "chat.completion");
  json::array choices;
  for (const Piece& piece : whole_choices(generation)) {
    choices.push_back(choice_of(form, generation, piece, "message", message_of(form, piece)));
  }
  out["choices"] = std::move(choices);
  out["usage"] = usage_object(usage_of(generation));
  return out;
}

std::string event(ChatForm& form, const Generation& generation, const Piece& piece) {
  std::string out;
  const auto put = [&](const Piece& part, json::object delta) {
    json::object chunk = head(generation.ask, kChunk);
    chunk["choices"] = json::array{choice_of(form, generation, part, "delta", std::move(delta))};
    if (generation.ask.continuous_usage) chunk["usage"] = usage_object(usage_of(generation));
    out += data_event(chunk);
  };
  const auto index = static_cast<std::size_t>(piece.index);
  if (!form.begun[index]) {
    put({.index = piece.index}, {{"role", "assistant"}, {"content", ""}});
    form.begun[index] = true;
  }
  Piece text = piece;
  text.finish.reset();
  json::object delta = delta_of(form, text, form.n_calls[index]);
  const bool tokens = !text.tokens.empty() && (form.logprobs || generation.ask.token_ids);
  if (!delta.empty() || tokens) put(text, std::move(delta));
  if (!piece.calls.empty()) {
    put({.index = piece.index}, arguments_of(piece, form.n_calls[index]));
    form.n_calls[index] += static_cast<int>(piece.calls.size());
  }
  if (!piece.finish) return out;
  put({.index = piece.index,
       .finish = piece.finish,
       .stop_string = piece.stop_string,
       .stop_token = piece.stop_token},
      {});
  return out;
}

std::string last(const ChatForm&, const Generation& generation) {
  return stream_end(generation, kChunk);
}

}  // namespace mr::api
