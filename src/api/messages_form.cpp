#include "api/messages.h"

namespace mr::api {
namespace json = boost::json;
namespace {

std::string named_event(const json::object& value) {
  return "event: " + std::string(as_text(value.at("type").get_string())) +
         "\ndata: " + json::serialize(value) + "\n\n";
}

json::object usage_of_message(const Generation& generation) {
  const Usage usage = usage_of(generation);
  return {{"input_tokens", usage.n_prompt - usage.n_cached},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", usage.n_cached},
          {"output_tokens", usage.n_completion}};
}

json::object message_head(const Generation& generation) {
  return {{"id", generation.ask.id},  {"type", "message"},
          {"role", "assistant"},      {"model", generation.ask.model},
          {"content", json::array()}, {"stop_reason", nullptr},
          {"stop_sequence", nullptr}, {"usage", usage_of_message(generation)}};
}

std::string_view stop_reason_of(const Piece& piece) {
  if (piece.stop_string) return "stop_sequence";
  if (piece.finish == Finish::length) return "max_tokens";
  return piece.finish == Finish::tool_calls ? "tool_use" : "end_turn";
}

json::value stop_sequence_of(const Piece& piece) {
  return piece.stop_string ? json::value(*piece.stop_string) : json::value();
}

json::value input_of(const ToolCall& call) {
  boost::system::error_code error;
  json::value input = json::parse(call.arguments, error);
  return error ? json::value(json::object()) : input;
}

std::string close_block(MessagesForm& form) {
  if (form.kind.empty()) return {};
  form.kind.clear();
  return named_event({{"type", "content_block_stop"}, {"index", form.index++}});
}

/// A delta of the open block, which is opened where another kind is.
std::string put(MessagesForm& form, std::string_view kind, json::object start, json::object delta) {
  std::string out;
  if (form.kind != kind) {
    out = close_block(form);
    form.kind = kind;
    out += named_event({{"type", "content_block_start"},
                        {"index", form.index},
                        {"content_block", std::move(start)}});
  }
  return out +
         named_event(
             {{"type", "content_block_delta"}, {"index", form.index}, {"delta", std::move(delta)}});
}

}  // namespace

json::object whole(const MessagesForm&, Generation& generation) {
  json::object message = message_head(generation);
  json::array content;
  const Piece piece = std::move(whole_choices(generation).front());
  if (!piece.reasoning.empty()) {
    content.push_back({{"type", "thinking"}, {"thinking", piece.reasoning}, {"signature", ""}});
  }
  if (!piece.text.empty()) content.push_back({{"type", "text"}, {"text", piece.text}});
  for (const ToolCall& call : piece.calls) {
    content.push_back(
        {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", input_of(call)}});
  }
  message["content"] = std::move(content);
  message["stop_reason"] = stop_reason_of(piece);
  message["stop_sequence"] = stop_sequence_of(piece);
  return message;
}

std::string event(MessagesForm& form, const Generation& generation, const Piece& piece) {
  std::string out;
  if (!std::exchange(form.begun, true)) {
    json::object message = message_head(generation);
    message["usage"].get_object()["output_tokens"] = 0;
    out = named_event({{"type", "message_start"}, {"message", std::move(message)}});
  }
  if (!piece.reasoning.empty()) {
    out += put(form, "thinking", {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}},
               {{"type", "thinking_delta"}, {"thinking", piece.reasoning}});
  }
  if (!piece.text.empty()) {
    out += put(form, "text", {{"type", "text"}, {"text", ""}},
               {{"type", "text_delta"}, {"text", piece.text}});
  }
  for (const ToolCall& call : piece.calls) {
    out += close_block(form);
    out +=
        put(form, "tool_use",
            {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", json::object()}},
            {{"type", "input_json_delta"}, {"partial_json", call.arguments}});
  }
  if (piece.finish) {
    form.stop_reason = stop_reason_of(piece);
    form.stop_sequence = piece.stop_string;
  }
  return out;
}

std::string last(MessagesForm& form, const Generation& generation) {
  const json::value sequence =
      form.stop_sequence ? json::value(*form.stop_sequence) : json::value();
  return close_block(form) +
         named_event({{"type", "message_delta"},
                      {"delta", {{"stop_reason", form.stop_reason}, {"stop_sequence", sequence}}},
                      {"usage", usage_of_message(generation)}}) +
         named_event({{"type", "message_stop"}});
}

std::string messages_error(const Problem& problem) {
  return named_event(anthropic_error(problem));
}

std::string messages_ping() {
  return named_event({{"type", "ping"}});
}

}  // namespace mr::api
