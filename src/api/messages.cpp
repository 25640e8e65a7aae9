#include "api/messages.h"

#include "api/answer_grammar.h"
#include "base/quote.h"
#include "think/budget.h"

namespace mr::api {
namespace json = boost::json;
namespace {

/// Coding agents begin their system prompt with a line that changes with every request; left in,
/// no prefix would ever be shared.
constexpr std::string_view kVolatile = "x-anthropic-billing-header:";

/// The text of a list of blocks, or of a string.
std::string text_of(Fields& fields, std::string_view key, const json::value& content) {
  if (const auto* text = content.if_string()) return std::string(as_text(*text));
  std::string out;
  const json::array* blocks = content.if_array();
  if (blocks == nullptr) complain(fields, key, "wanted a string or a list of blocks");
  for (std::size_t i = 0; blocks != nullptr && i < blocks->size(); ++i) {
    const json::object* block = (*blocks)[i].if_object();
    const json::value* text = block != nullptr ? block->if_contains("text") : nullptr;
    if (text == nullptr || !text->is_string()) {
      complain(fields, std::string(key) + "[" + std::to_string(i) + "]",
               {.status = 501, .message = "only blocks of text are supported"});
      return {};
    }
    const std::string_view piece = as_text(text->get_string());
    if (piece.starts_with(kVolatile)) continue;
    if (!out.empty()) out += '\n';
    out += piece;
  }
  return out;
}

/// One message of Anthropic's as those that templates know.
struct Turn {
  std::string text = {};
  std::string reasoning = {};
  json::array calls = {};
  json::array results = {};  ///< messages of the role tool
};

void add_result(Fields& fields, const json::object& block, Turn& turn) {
  json::object message{{"role", "tool"}, {"content", ""}};
  if (const json::value* content = block.if_contains("content")) {
    message["content"] = text_of(fields, "content", *content);
  }
  if (const json::value* id = block.if_contains("tool_use_id")) message["tool_call_id"] = *id;
  turn.results.push_back(std::move(message));
}

void add_call(Fields& fields, Turn& turn) {
  const auto name = get_text(fields, "name");
  if (!name) complain(fields, "name", "wanted a string");
  const json::object* input = get_object(fields, "input");
  json::object function{{"name", name.value_or("")}};
  function["arguments"].emplace_object();
  if (input != nullptr) function["arguments"].get_object() = *input;
  turn.calls.push_back({{"id", get_text(fields, "id").value_or("")},
                        {"type", "function"},
                        {"function", std::move(function)}});
}

void add_block(Fields& fields, Turn& turn) {
  const std::string_view type = get_text(fields, "type").value_or("text");
  if (type == "text") {
    const auto text = get_text(fields, "text");
    if (!text) complain(fields, "text", "wanted a string");
    if (!turn.text.empty()) turn.text += '\n';
    turn.text += text.value_or("");
  } else if (type == "thinking") {
    turn.reasoning += get_text(fields, "thinking").value_or("");
  } else if (type == "tool_use") {
    add_call(fields, turn);
  } else if (type == "tool_result") {
    add_result(fields, fields.object, turn);
  } else if (type != "redacted_thinking") {
    complain(fields, "type", {.status = 501, .message = quote(type) + " is not supported"});
  }
}

Turn get_turn(Fields& fields, const Served& served) {
  Turn turn;
  const json::value* content = get(fields, "content");
  if (content != nullptr && content->is_string()) {
    turn.text = as_text(content->get_string());
    return turn;
  }
  const json::array* blocks = get_list(fields, "content", served.limits.content_parts);
  if (blocks == nullptr) complain(fields, "content", "wanted a string or a list of blocks");
  for (std::size_t i = 0; blocks != nullptr && i < blocks->size() && !fields.problem; ++i) {
    const json::object* block = (*blocks)[i].if_object();
    const std::string place = "content[" + std::to_string(i) + "]";
    if (block == nullptr) return complain(fields, place, "wanted an object"), turn;
    Fields own{.object = *block, .where = fields.where + place + "."};
    add_block(own, turn);
    join(fields, std::move(own.problem));
  }
  return turn;
}

void add_turn(Chat& chat, std::string_view role, Turn&& turn) {
  for (json::value& result : turn.results) chat.messages.push_back(std::move(result));
  if (turn.text.empty() && turn.calls.empty() && turn.reasoning.empty() && !turn.results.empty()) {
    return;
  }
  json::object message{{"role", role}, {"content", turn.text}};
  if (!turn.reasoning.empty()) message["reasoning_content"] = turn.reasoning;
  if (!turn.calls.empty()) message["tool_calls"] = std::move(turn.calls);
  chat.messages.push_back(std::move(message));
}

void get_turns(Fields& fields, const Served& served, Chat& chat) {
  const json::array* list = get_list(fields, "messages", served.limits.messages);
  if (list == nullptr || list->empty()) {
    return complain(fields, "messages", "wanted a list of at least one message");
  }
  for (std::size_t i = 0; i < list->size() && !fields.problem; ++i) {
    const std::string place = "messages[" + std::to_string(i) + "]";
    const json::object* message = (*list)[i].if_object();
    if (message == nullptr) return complain(fields, place, "wanted an object");
    Fields own{.object = *message, .where = place + "."};
    const std::string role(get_text(own, "role").value_or(""));
    if (role != "user" && role != "assistant" && role != "system") {
      complain(own, "role", "wanted user or assistant, found " + quote(role));
    }
    add_turn(chat, role, get_turn(own, served));
    join(fields, std::move(own.problem));
  }
}

/// Tools as OpenAI writes them, which is what templates know.
void get_message_tools(Fields& fields, const Served& served, Chat& chat) {
  const json::array* list = get_list(fields, "tools", served.limits.tools);
  for (std::size_t i = 0; list != nullptr && i < list->size() && !fields.problem; ++i) {
    const std::string place = "tools[" + std::to_string(i) + "]";
    const json::object* tool = (*list)[i].if_object();
    if (tool == nullptr) return complain(fields, place, "wanted an object");
    Fields own{.object = *tool, .where = place + "."};
    const auto name = get_text(own, "name");
    const json::object* schema = get_object(own, "input_schema");
    if (!name || schema == nullptr) complain(own, "input_schema", "wanted a name and a schema");
    json::object function{{"name", name.value_or("")},
                          {"description", get_text(own, "description").value_or("")}};
    if (schema != nullptr) function["parameters"].emplace_object() = *schema;
    chat.tools.push_back({{"type", "function"}, {"function", std::move(function)}});
    join(fields, std::move(own.problem));
  }
  const json::object* choice = get_object(fields, "tool_choice");
  if (choice == nullptr) return;
  Fields own{.object = *choice, .where = "tool_choice."};
  const std::string_view type = get_text(own, "type").value_or("auto");
  chat.parallel = !get_flag(own, "disable_parallel_tool_use").value_or(false);
  if (type == "none") chat.tools.clear();
  if (type == "any" || type == "tool") chat.choice = ToolChoice::required;
  const std::string_view name = get_text(own, "name").value_or("");
  if (type == "tool") chat.allowed.emplace_back(name);
  if (type != "none" && type != "auto" && type != "any" && type != "tool") {
    complain(own, "type", "wanted auto, any, tool or none, found " + quote(type));
  } else if (type == "tool" && name.empty()) {
    complain(own, "name", "wanted a string");
  } else if (chat.choice == ToolChoice::required && chat.tools.empty()) {
    complain(own, "type", "there are no tools");
  }
  join(fields, std::move(own.problem));
}

Chat get_message_chat(Fields& fields, const Served& served) {
  Chat chat;
  if (!served.chat) complain(fields, "messages", "this model has no chat template");
  if (const json::value* system = get(fields, "system")) {
    const std::string text = text_of(fields, "system", *system);
    if (!text.empty()) chat.messages.push_back({{"role", "system"}, {"content", text}});
  }
  get_turns(fields, served, chat);
  get_message_tools(fields, served, chat);
  return chat;
}

/// How long the model may think: none at all, some tokens, or as it likes.
void get_thinking(Fields& fields, Chat& chat, std::optional<std::int64_t>& budget) {
  const json::object* thinking = get_object(fields, "thinking");
  if (thinking == nullptr) return;
  Fields own{.object = *thinking, .where = "thinking."};
  const std::string_view type = get_text(own, "type").value_or("");
  if (type == "disabled") chat.extra["enable_thinking"] = false;
  if (type == "enabled") budget = get_integer(own, "budget_tokens", {1, 1e9});
  join(fields, std::move(own.problem));
}

/// The format of the answer, in the field of now and in the one of the beta.
void get_output_format(Fields& fields, Shared& shared) {
  Structure structure = get_format(fields, "output_format");
  if (const json::object* config = get_object(fields, "output_config")) {
    Fields own{.object = *config, .where = "output_config."};
    Structure inner = get_format(own, "format");
    if (inner.kind != Structure::Kind::any) structure = std::move(inner);
    join(fields, std::move(own.problem));
  }
  if (structure.kind != Structure::Kind::any) shared.structure = std::move(structure);
}

}  // namespace

Checked<Ask> parse_messages(const json::object& body, const Served& served, const Asking& asking) {
  Fields fields{.object = body};
  Shared shared = get_shared(fields, served, asking, "msg_");
  shared.ask.reading.stop =
      get_texts(fields, "stop_sequences", served.limits.stop_strings, served.limits.stop_bytes);
  const auto n_new = get_integer(fields, "max_tokens", {1, static_cast<double>(1U << 30)});
  if (!n_new) complain(fields, "max_tokens", "wanted an integer");
  Chat chat = get_message_chat(fields, served);
  std::optional<std::int64_t> budget;
  get_thinking(fields, chat, budget);
  get_output_format(fields, shared);
  const ToolRules rules = tool_rules(fields, served, chat);
  if (fields.problem) return refuse(std::move(*fields.problem));
  MR_ASK(std::vector<std::int32_t> tokens, tokens_of(served, chat));
  if (!set_reading(fields, served, shared, tokens, budget) ||
      !set_grammar(fields, served, shared, rules, tokens)) {
    return refuse(std::move(*fields.problem));
  }
  const auto room = std::max<std::int64_t>(0, served.n_context - std::ssize(tokens));
  add_prompt(fields, served, shared, "messages", std::move(tokens), std::min(*n_new, room));
  if (fields.problem) return refuse(std::move(*fields.problem));
  shared.ask.form = MessagesForm{};
  return std::move(shared.ask);
}

Checked<std::vector<std::int32_t>> count_messages(const json::object& body, const Served& served) {
  Fields fields{.object = body};
  get_model(fields, served);
  Chat chat = get_message_chat(fields, served);
  std::optional<std::int64_t> budget;
  get_thinking(fields, chat, budget);
  if (fields.problem) return refuse(std::move(*fields.problem));
  return tokens_of(served, chat);
}

}  // namespace mr::api
