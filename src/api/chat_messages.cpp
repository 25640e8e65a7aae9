#include "api/chat_messages.h"

#include <algorithm>
#include <array>

#include "base/quote.h"
#include "io/json.h"
#include "text/valid_utf8.h"

namespace mr::api {
namespace json = boost::json;
namespace {

std::string place(std::string_view list, std::size_t i) {
  return std::string(list) + "[" + std::to_string(i) + "]";
}

/// The text of a content: a string, null, or a list of parts that are texts; joined by line ends,
/// as vLLM does for templates that want strings.
std::string get_content(Fields& fields, const Served& served) {
  const json::value* content = get(fields, "content");
  if (content == nullptr) return {};
  if (content->is_string()) return std::string(get_text(fields, "content").value_or(""));
  std::string text;
  const json::array* parts = get_list(fields, "content", served.limits.content_parts);
  for (std::size_t i = 0; parts != nullptr && i < parts->size(); ++i) {
    const std::string where = fields.where + place("content", i) + ".";
    const json::object* part = (*parts)[i].if_object();
    if (part == nullptr) {
      complain(fields, place("content", i),
               "wanted an object, found " + std::string(kind_of((*parts)[i])));
      break;
    }
    Fields own{.object = *part, .where = where};
    const std::string_view type = get_text(own, "type").value_or("text");
    if (type == "text" || type == "input_text" || type == "output_text" || type == "refusal") {
      const auto piece = get_text(own, type == "refusal" ? "refusal" : "text");
      if (!piece) complain(own, "text", "wanted a string");
      if (i > 0) text += '\n';
      text += piece.value_or("");
    } else {
      complain(own, "type",
               {.status = 501,
                .message = "wanted text, found " + quote(type) + ", which is not supported",
                .code = "unsupported_content"});
    }
    join(fields, std::move(own.problem));
  }
  return text;
}

/// A call's arguments as templates take them: an object, where the text is one.
json::value parsed_arguments(std::string_view text) {
  const auto document = mr::json::parse(text);
  // A plain copy would lie in the document's memory.
  return document && document->root.is_object() ? json::value(document->root, json::storage_ptr())
                                                : json::value(text);
}

json::array get_tool_calls(Fields& fields, const Served& served) {
  json::array calls;
  const json::array* list = get_list(fields, "tool_calls", served.limits.tools);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const json::object* call = (*list)[i].if_object();
    const json::value* function = call != nullptr ? call->if_contains("function") : nullptr;
    if (function == nullptr || !function->is_object()) {
      complain(fields, place("tool_calls", i), "wanted an object with a function");
      break;
    }
    Fields own{.object = function->get_object(),
               .where = fields.where + place("tool_calls", i) + ".function."};
    const auto name = get_text(own, "name");
    const json::value* arguments = get(own, "arguments");
    if (!name) complain(own, "name", "wanted a string");
    json::object out{{"name", name.value_or("")}, {"arguments", json::object()}};
    if (arguments != nullptr && arguments->is_string()) {
      out["arguments"] = parsed_arguments(as_text(arguments->get_string()));
    } else if (arguments != nullptr) {
      out["arguments"] = *arguments;
    }
    const json::value* id = call->if_contains("id");
    calls.push_back({{"id", id != nullptr ? json::value(*id, json::storage_ptr()) : json::value()},
                     {"type", "function"},
                     {"function", std::move(out)}});
    join(fields, std::move(own.problem));
  }
  return calls;
}

/// One message, with the fields that templates know.
json::object get_message(Fields& fields, const Served& served) {
  constexpr std::array kRoles{"system", "developer", "user", "assistant", "tool", "function"};
  const auto role = get_text(fields, "role");
  if (!role || std::ranges::find(kRoles, *role) == kRoles.end()) {
    complain(fields, "role",
             "wanted system, developer, user, assistant or tool" +
                 (role ? ", found " + quote(*role) : std::string()));
    return {};
  }
  json::object message{{"role", *role == "developer"  ? "system"
                                : *role == "function" ? "tool"
                                                      : *role}};
  json::array calls;
  if (*role == "assistant") calls = get_tool_calls(fields, served);
  if (*role != "assistant" && fields.object.if_contains("content") == nullptr) {
    complain(fields, "content", "wanted a string or a list of parts");
  }
  message["content"] = get_content(fields, served);
  if (!calls.empty()) message["tool_calls"] = std::move(calls);
  auto reasoning = get_text(fields, "reasoning_content");
  if (!reasoning) reasoning = get_text(fields, "reasoning");
  if (*role == "assistant" && reasoning) message["reasoning_content"] = *reasoning;
  for (const char* key : {"name", "tool_call_id"}) {
    if (const auto text = get_text(fields, key)) message[key] = *text;
  }
  return message;
}

void get_messages(Fields& fields, const Served& served, Chat& chat) {
  const json::array* list = get_list(fields, "messages", served.limits.messages);
  if (list == nullptr || list->empty()) {
    return complain(fields, "messages", "wanted a list of at least one message");
  }
  for (std::size_t i = 0; i < list->size() && !fields.problem; ++i) {
    const json::object* message = (*list)[i].if_object();
    if (message == nullptr) {
      return complain(fields, place("messages", i),
                      "wanted an object, found " + std::string(kind_of((*list)[i])));
    }
    Fields own{.object = *message, .where = fields.where + place("messages", i) + "."};
    chat.messages.push_back(get_message(own, served));
    join(fields, std::move(own.problem));
  }
}

/// The name in a tool_choice: {type: function, function: {name}}, or the name beside the type.
std::string_view chosen_name(const json::value& choice) {
  const json::object* object = choice.if_object();
  const json::value* inner = object != nullptr ? object->if_contains("function") : nullptr;
  if (inner != nullptr && inner->is_object()) object = &inner->get_object();
  const json::value* name = object != nullptr ? object->if_contains("name") : nullptr;
  return name != nullptr && name->is_string() ? as_text(name->get_string()) : "";
}

/// {type: allowed_tools, allowed_tools: {mode, tools}}, or mode and tools beside the type.
void get_allowed_tools(Fields& fields, const Served& served, const json::object& choice,
                       Chat& chat) {
  const json::value* inner = choice.if_contains("allowed_tools");
  const bool nested = inner != nullptr && inner->is_object();
  Fields own{.object = nested ? inner->get_object() : choice,
             .where = nested ? "tool_choice.allowed_tools." : "tool_choice."};
  const std::string_view mode = get_text(own, "mode").value_or("auto");
  if (mode == "required") chat.choice = ToolChoice::required;
  if (mode != "auto" && mode != "required") {
    complain(own, "mode", "wanted auto or required, found " + quote(mode));
  }
  const json::array* tools = get_list(own, "tools", served.limits.tools);
  if (tools == nullptr || tools->empty()) complain(own, "tools", "wanted a list of tools");
  for (std::size_t i = 0; tools != nullptr && i < tools->size(); ++i) {
    chat.allowed.emplace_back(chosen_name((*tools)[i]));
    if (chat.allowed.back().empty()) {
      complain(own, place("tools", i), "wanted {type: function, function: {name}}");
    }
  }
  join(fields, std::move(own.problem));
}

void get_tool_choice(Fields& fields, const Served& served, Chat& chat) {
  const json::value* choice = get(fields, "tool_choice");
  if (choice == nullptr || *choice == json::value("auto")) return;
  if (*choice == json::value("none")) {
    chat.tools.clear();
    return;
  }
  const json::object* object = choice->if_object();
  const json::value* type = object != nullptr ? object->if_contains("type") : nullptr;
  if (type != nullptr && *type == json::value("allowed_tools")) {
    get_allowed_tools(fields, served, *object, chat);
  } else {
    chat.choice = ToolChoice::required;
    const std::string_view name = chosen_name(*choice);
    if (!name.empty()) chat.allowed.emplace_back(name);
    if (*choice != json::value("required") && name.empty()) {
      return complain(fields, "tool_choice",
                      "wanted auto, none, required, {type: function, function: {name}} or "
                      "{type: allowed_tools, allowed_tools: {mode, tools}}");
    }
  }
  if (chat.tools.empty()) complain(fields, "tool_choice", "there are no tools");
}

void get_tools(Fields& fields, const Served& served, Chat& chat) {
  const json::array* list = get_list(fields, "tools", served.limits.tools);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const json::object* tool = (*list)[i].if_object();
    const json::value* function = tool != nullptr ? tool->if_contains("function") : nullptr;
    if (function == nullptr || !function->is_object() ||
        function->get_object().if_contains("name") == nullptr ||
        !function->get_object().at("name").is_string()) {
      return complain(fields, place("tools", i), "wanted {type: function, function: {name, ...}}");
    }
    chat.tools.push_back(*tool);
  }
  get_tool_choice(fields, served, chat);
}

}  // namespace

Chat get_chat(Fields& fields, const Served& served) {
  Chat chat;
  if (!served.chat) {
    complain(
        fields, "messages",
        {.status = 501, .message = "this model has no chat template", .code = "no_chat_template"});
    return chat;
  }
  get_messages(fields, served, chat);
  get_tools(fields, served, chat);
  if (const auto* extra = get_object(fields, "chat_template_kwargs")) chat.extra = *extra;
  if (const auto effort = get_text(fields, "reasoning_effort", 16)) {
    chat.extra["reasoning_effort"] = *effort;
    if (*effort == "none") chat.extra["enable_thinking"] = false;
  }
  if (const auto thinking = get_flag(fields, "enable_thinking")) {
    chat.extra["enable_thinking"] = *thinking;
  }
  if (const auto* documents = get_list(fields, "documents", 1024))
    chat.documents.emplace_array() = *documents;
  chat.continue_final_message = get_flag(fields, "continue_final_message").value_or(false);
  chat.add_generation_prompt =
      get_flag(fields, "add_generation_prompt").value_or(!chat.continue_final_message);
  if (chat.continue_final_message && chat.add_generation_prompt) {
    complain(fields, "continue_final_message", "not together with add_generation_prompt");
  }
  refuse_unsupported(fields, "continue_final_message");
  refuse_unsupported(fields, "chat_template");
  return chat;
}

Checked<text::jinja::Rendered> render(const Served& served, const Chat& chat) {
  const json::value messages(chat.messages);
  const json::value tools(chat.tools);
  auto rendered =
      text::render_chat(*served.chat,
                        {.messages = &messages,
                         .tools = chat.tools.empty() ? nullptr : &tools,
                         .documents = chat.documents.is_null() ? nullptr : &chat.documents,
                         .extra = &chat.extra,
                         .add_generation_prompt = chat.add_generation_prompt},
                        {.now = text::jinja::local_clock()});
  if (rendered) return std::move(*rendered);
  return refuse({.status = 400,
                 .message = "chat template: " + rendered.error().message,
                 .param = "messages"});
}

Checked<std::vector<std::int32_t>> tokens_of(const Served& served, const Chat& chat,
                                             bool add_special) {
  MR_ASK(const text::jinja::Rendered rendered, render(served, chat));
  std::vector<text::Segment> segments;
  for (const auto& part : rendered.segments) {
    segments.push_back(
        {std::string_view(rendered.text).substr(part.begin, part.end - part.begin), part.trusted});
  }
  const auto ids = text::encode_marked(*served.tokenizer, segments, add_special);
  if (!ids) return refuse(problem_of(ids.error()));
  return std::vector<std::int32_t>(ids->begin(), ids->end());
}

}  // namespace mr::api
