#include "api/openai_form.h"
#include "api/random_id.h"
#include "api/responses.h"

namespace mr::api {
namespace json = boost::json;
namespace {

json::object usage_of_response(const Generation& generation) {
  const Usage usage = usage_of(generation);
  return {{"input_tokens", usage.n_prompt},
          {"input_tokens_details", {{"cached_tokens", usage.n_cached}, {"cache_write_tokens", 0}}},
          {"output_tokens", usage.n_completion},
          {"output_tokens_details", {{"reasoning_tokens", usage.n_reasoning}}},
          {"total_tokens", usage.n_prompt + usage.n_completion}};
}

/// The response with the output so far.
json::object response_of(const ResponsesForm& form, const Generation& generation,
                         std::string_view status) {
  json::object out{{"id", generation.ask.id},
                   {"object", "response"},
                   {"created_at", generation.ask.created},
                   {"status", status},
                   {"model", generation.ask.model},
                   {"error", nullptr},
                   {"incomplete_details", nullptr},
                   {"output", form.output}};
  for (const auto& [key, value] : form.echo) out[key] = value;
  if (status != "in_progress") out["usage"] = usage_of_response(generation);
  if (status == "incomplete") out["incomplete_details"] = {{"reason", "max_output_tokens"}};
  return out;
}

json::object text_part(std::string_view text) {
  return {{"type", "output_text"},
          {"text", text},
          {"annotations", json::array()},
          {"logprobs", json::array()}};
}

json::object message_item(const std::string& id, std::string_view status, json::array content) {
  return {{"type", "message"},
          {"id", id},
          {"status", status},
          {"role", "assistant"},
          {"content", std::move(content)}};
}

json::object reasoning_item(const std::string& id, std::string_view status, json::array content) {
  return {{"type", "reasoning"},
          {"id", id},
          {"status", status},
          {"summary", json::array()},
          {"content", std::move(content)}};
}

json::object call_item(const ToolCall& call, std::string_view status, std::string_view arguments) {
  return {{"type", "function_call"}, {"id", "fc_" + call.id},  {"call_id", call.id},
          {"name", call.name},       {"arguments", arguments}, {"status", status}};
}

std::string emit(ResponsesForm& form, std::string_view type, json::object fields) {
  json::object value{{"type", type}, {"sequence_number", form.sequence++}};
  for (auto& [key, item] : fields) value[key] = std::move(item);
  return "event: " + std::string(type) + "\ndata: " + json::serialize(value) + "\n\n";
}

/// Ends the item that text or thought was added to.
std::string close_item(ResponsesForm& form) {
  if (form.kind.empty()) return {};
  const bool message = form.kind == "message";
  const auto place = form.output.size();
  const json::object part = message ? text_part(form.text)
                                    : json::object{{"type", "reasoning_text"}, {"text", form.text}};
  json::object item = message ? message_item(form.item_id, "completed", {part})
                              : reasoning_item(form.item_id, "completed", {part});
  const json::object where{
      {"item_id", form.item_id}, {"output_index", place}, {"content_index", 0}};
  json::object done = where;
  done["text"] = form.text;
  if (message) done["logprobs"] = json::array();
  json::object part_done = where;
  part_done["part"] = part;
  std::string out =
      emit(form, message ? "response.output_text.done" : "response.reasoning_text.done", done);
  if (message) out += emit(form, "response.content_part.done", part_done);
  out += emit(form, "response.output_item.done", {{"output_index", place}, {"item", item}});
  form.output.push_back(std::move(item));
  form.kind.clear();
  form.text.clear();
  return out;
}

/// Adds text to the item of a kind, which is begun where another one is open.
std::string add(ResponsesForm& form, std::string_view kind, const std::string& text) {
  const bool message = kind == "message";
  std::string out;
  if (form.kind != kind) {
    out = close_item(form);
    form.kind = kind;
    form.item_id = random_id(message ? "msg_" : "rs_");
    const json::object item = message ? message_item(form.item_id, "in_progress", {})
                                      : reasoning_item(form.item_id, "in_progress", {});
    out += emit(form, "response.output_item.added",
                {{"output_index", form.output.size()}, {"item", item}});
    if (message) {
      out += emit(form, "response.content_part.added",
                  {{"item_id", form.item_id},
                   {"output_index", form.output.size()},
                   {"content_index", 0},
                   {"part", text_part("")}});
    }
  }
  form.text += text;
  json::object delta{{"item_id", form.item_id},
                     {"output_index", form.output.size()},
                     {"content_index", 0},
                     {"delta", text}};
  if (message) delta["logprobs"] = json::array();
  return out + emit(form, message ? "response.output_text.delta" : "response.reasoning_text.delta",
                    std::move(delta));
}

std::string add_call(ResponsesForm& form, const ToolCall& call) {
  std::string out = close_item(form);
  const auto place = form.output.size();
  const json::object where{{"item_id", "fc_" + call.id}, {"output_index", place}};
  json::object delta = where;
  delta["delta"] = call.arguments;
  json::object done = where;
  done["arguments"] = call.arguments;
  done["name"] = call.name;
  json::object item = call_item(call, "completed", call.arguments);
  out += emit(form, "response.output_item.added",
              {{"output_index", place}, {"item", call_item(call, "in_progress", "")}});
  out += emit(form, "response.function_call_arguments.delta", std::move(delta));
  out += emit(form, "response.function_call_arguments.done", std::move(done));
  out += emit(form, "response.output_item.done", {{"output_index", place}, {"item", item}});
  form.output.push_back(std::move(item));
  return out;
}

std::string take(ResponsesForm& form, const Piece& piece) {
  std::string out;
  if (!piece.reasoning.empty()) out += add(form, "reasoning", piece.reasoning);
  if (!piece.text.empty()) out += add(form, "message", piece.text);
  for (const ToolCall& call : piece.calls) out += add_call(form, call);
  if (piece.finish) form.cut = piece.finish == Finish::length;
  return out;
}

}  // namespace

json::object whole(ResponsesForm& form, Generation& generation) {
  take(form, whole_choices(generation).front());
  close_item(form);
  return response_of(form, generation, form.cut ? "incomplete" : "completed");
}

void keep_response(ResponseStore& store, const Generation& generation) {
  const auto* form = std::get_if<ResponsesForm>(&generation.ask.form);
  if (form == nullptr || !form->store) return;
  json::array items = form->input;
  items.insert(items.end(), form->output.begin(), form->output.end());
  keep(store, {.id = generation.ask.id,
               .scope = form->scope,
               .response = response_of(*form, generation, form->cut ? "incomplete" : "completed"),
               .items = std::move(items)});
}

std::string event(ResponsesForm& form, const Generation& generation, const Piece& piece) {
  std::string out;
  if (!std::exchange(form.begun, true)) {
    for (const char* type : {"response.created", "response.in_progress"}) {
      out += emit(form, type, {{"response", response_of(form, generation, "in_progress")}});
    }
  }
  return out + take(form, piece);
}

std::string last(ResponsesForm& form, const Generation& generation) {
  std::string out = close_item(form);
  const char* status = form.cut ? "incomplete" : "completed";
  return out + emit(form, std::string("response.") + status,
                    {{"response", response_of(form, generation, status)}});
}

std::string responses_error(const Problem& problem) {
  const json::object value{
      {"type", "error"},
      {"code", problem.code.empty() ? json::value() : json::value(problem.code)},
      {"message", problem.message},
      {"param", nullptr},
      {"sequence_number", 0}};
  return "event: error\ndata: " + json::serialize(value) + "\n\n";
}

}  // namespace mr::api
