#include "api/responses.h"

#include <algorithm>

#include "api/answer_grammar.h"
#include "base/quote.h"

namespace mr::api {
namespace json = boost::json;
namespace {

/// One item of the input as a message that get_chat reads; null where it says nothing to the model.
json::value message_of(Fields& fields) {
  const std::string type(get_text(fields, "type").value_or("message"));
  const json::storage_ptr heap;
  if (type == "message") return json::value(fields.object, heap);
  if (type == "function_call") {
    const json::object function{{"name", get_text(fields, "name").value_or("")},
                                {"arguments", get_text(fields, "arguments").value_or("{}")}};
    const json::object call{{"id", get_text(fields, "call_id").value_or("")},
                            {"type", "function"},
                            {"function", function}};
    return json::object{{"role", "assistant"}, {"content", ""}, {"tool_calls", json::array{call}}};
  }
  if (type == "function_call_output") {
    return json::object{{"role", "tool"},
                        {"tool_call_id", get_text(fields, "call_id").value_or("")},
                        {"content", get_text(fields, "output").value_or("")}};
  }
  if (type != "reasoning") {
    complain(fields, "type", {.status = 501, .message = quote(type) + " is not supported"});
  }
  return nullptr;
}

/// Adds what the request itself says to the items of those before it.
void add_input(Fields& fields, const Served& served, json::array& items) {
  const json::value* input = get(fields, "input");
  if (input != nullptr && input->is_string()) {
    items.push_back({{"role", "user"}, {"content", as_text(input->get_string())}});
    return;
  }
  const json::array* own = get_list(fields, "input", served.limits.messages);
  if (own == nullptr || own->empty()) {
    return complain(fields, "input", "wanted a string or a list of items");
  }
  for (const json::value& item : *own) items.emplace_back(item);
}

/// Instructions and items as the messages of a chat. `n_before`: items of earlier answers.
json::array messages_of(Fields& fields, const json::array& items, std::size_t n_before) {
  json::array messages;
  if (const auto text = get_text(fields, "instructions")) {
    messages.push_back({{"role", "system"}, {"content", *text}});
  }
  for (std::size_t i = 0; i < items.size() && !fields.problem; ++i) {
    const std::string place = "input[" + std::to_string(i - std::min(i, n_before)) + "]";
    const json::object* item = items[i].if_object();
    if (item == nullptr) return complain(fields, place, "wanted an object"), messages;
    Fields own{.object = *item, .where = place + "."};
    json::value message = message_of(own);
    if (!message.is_null()) messages.push_back(std::move(message));
    join(fields, std::move(own.problem));
  }
  return messages;
}

/// The tools in the form of chats, which keep a function's fields one level down.
json::array tools_of(Fields& fields, const Served& served) {
  json::array tools;
  const json::array* list = get_list(fields, "tools", served.limits.tools);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const std::string place = "tools[" + std::to_string(i) + "]";
    const json::object* tool = (*list)[i].if_object();
    if (tool == nullptr) return complain(fields, place, "wanted an object"), tools;
    Fields own{.object = *tool, .where = place + "."};
    const std::string type(get_text(own, "type").value_or(""));
    const auto name = get_text(own, "name");
    if (type != "function") {
      complain(own, "type", {.status = 501, .message = quote(type) + " is not supported"});
    } else if (!name) {
      complain(own, "name", "wanted a string");
    }
    json::object function{{"name", name.value_or("")},
                          {"description", get_text(own, "description").value_or("")}};
    if (const auto* schema = get_object(own, "parameters")) {
      function["parameters"].emplace_object() = *schema;
    }
    if (get_flag(own, "strict").value_or(false)) function["strict"] = true;
    tools.push_back({{"type", "function"}, {"function", std::move(function)}});
    join(fields, std::move(own.problem));
  }
  return tools;
}

/// The request as a chat's body: what get_chat reads.
json::object chat_of(Fields& fields, const Served& served, const json::array& items,
                     std::size_t n_before) {
  json::object body{{"messages", messages_of(fields, items, n_before)},
                    {"tools", tools_of(fields, served)}};
  for (const char* key : {"tool_choice", "chat_template_kwargs", "enable_thinking"}) {
    if (const json::value* value = get(fields, key)) body[key] = *value;
  }
  if (const json::object* reasoning = get_object(fields, "reasoning")) {
    Fields own{.object = *reasoning, .where = "reasoning."};
    if (const auto effort = get_text(own, "effort")) body["reasoning_effort"] = *effort;
    join(fields, std::move(own.problem));
  }
  return body;
}

void get_text_format(Fields& fields, Shared& shared) {
  const json::object* text = get_object(fields, "text");
  if (text == nullptr) return;
  Fields own{.object = *text, .where = "text."};
  Structure structure = get_format(own, "format");
  get(own, "verbosity");
  if (structure.kind != Structure::Kind::any) shared.structure = std::move(structure);
  join(fields, std::move(own.problem));
}

/// What the answer repeats of the request.
json::object echo_of(const json::object& body) {
  json::object echo{{"instructions", nullptr},
                    {"metadata", json::object()},
                    {"parallel_tool_calls", true},
                    {"temperature", 1},
                    {"tool_choice", "auto"},
                    {"tools", json::array()},
                    {"top_p", 1},
                    {"max_output_tokens", nullptr},
                    {"previous_response_id", nullptr},
                    {"truncation", "disabled"},
                    {"text", {{"format", {{"type", "text"}}}}},
                    {"store", true}};
  for (auto& [key, value] : echo) {
    const json::value* given = body.if_contains(key);
    if (given != nullptr && !given->is_null()) value = *given;
  }
  for (json::value& tool : echo["tools"].get_array()) {
    tool.get_object().emplace("strict", false);
    tool.get_object().emplace("parameters", json::object());
  }
  return echo;
}

/// The items of the answer that this one goes on from.
json::array items_before(Fields& fields, ResponseStore& earlier, std::uint64_t scope) {
  const auto id = get_text(fields, "previous_response_id", 256);
  if (!id) return {};
  auto found = find(earlier, std::string(*id), scope);
  if (found) return std::move(found->items);
  complain(fields, "previous_response_id",
           {.message = "no response " + quote(*id) + " is stored here",
            .code = "previous_response_not_found"});
  return {};
}

}  // namespace

Checked<Ask> parse_responses(const json::object& body, const Served& served, ResponseStore& earlier,
                             const Asking& asking) {
  Fields fields{.object = body};
  Shared shared = get_shared(fields, served, asking, "resp_");
  if (shared.ask.best_of > 1) complain(fields, "n", "wanted 1");
  const Range range{1, static_cast<double>(served.limits.max_tokens)};
  const auto n_new = get_integer(fields, "max_output_tokens", range);
  json::array items = items_before(fields, earlier, asking.scope);
  const std::size_t n_before = items.size();
  add_input(fields, served, items);
  const json::object chat_body = chat_of(fields, served, items, n_before);
  const bool store = get_flag(fields, "store").value_or(true);
  get_text_format(fields, shared);
  refuse_unsupported(fields, "conversation");
  refuse_unsupported(fields, "background");
  refuse_unsupported(fields, "prompt");
  refuse_unsupported(fields, "truncation", "disabled");
  for (const char* key : {"include", "max_tool_calls", "client_metadata"}) {
    get(fields, key);
  }
  refuse_known(fields);
  pass_harmless(fields);
  settle_unread(fields, served);
  Fields inner{.object = chat_body};
  Chat chat = get_chat(inner, served);
  chat.parallel = get_flag(fields, "parallel_tool_calls").value_or(true);
  const ToolRules rules = tool_rules(fields, served, chat);
  join(fields, std::move(inner.problem));
  if (fields.problem) return refuse(std::move(*fields.problem));
  MR_ASK(std::vector<std::int32_t> tokens, tokens_of(served, chat));
  if (!set_reading(fields, served, shared, tokens, {})) return refuse(std::move(*fields.problem));
  if (!set_grammar(fields, served, shared, rules, tokens)) {
    return refuse(std::move(*fields.problem));
  }
  add_prompt(fields, served, shared, "input", std::move(tokens), n_new);
  if (fields.problem) return refuse(std::move(*fields.problem));
  shared.ask.form = ResponsesForm{
      .echo = echo_of(body), .input = std::move(items), .store = store, .scope = asking.scope};
  return std::move(shared.ask);
}

}  // namespace mr::api
