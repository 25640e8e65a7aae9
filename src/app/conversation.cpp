#include "app/conversation.h"

#include <boost/json.hpp>

#include <span>

#include "base/quote.h"
#include "io/json.h"
#include "sys/out_file.h"
#include "sys/text_file.h"

namespace mr::app {
namespace {

namespace bj = boost::json;

constexpr std::size_t kMostBytes = 64U << 20;

/// Takes in message i of a file.
Expected<void> add(Conversation& conversation, const bj::value& value, std::size_t i) {
  const auto* object = value.if_object();
  if (object == nullptr) return fail(Fault::bad_request, "wanted an object");
  MR_TRY(Message message, json::get<std::string>(*object, "role").map([](std::string role) {
    return Message{.role = std::move(role), .content = {}, .reasoning = {}};
  }));
  MR_TRY(message.content, json::get<std::string>(*object, "content"));
  MR_TRY(message.reasoning, json::get_or<std::string>(*object, "reasoning_content", ""));
  if (message.role == "system" && i == 0) {
    conversation.system = std::move(message.content);
  } else if (message.role == "user" || message.role == "assistant") {
    conversation.messages.push_back(std::move(message));
  } else {
    return fail(Fault::bad_request, "role: wanted user, assistant, or system in the first, found " +
                                        quote(message.role));
  }
  return {};
}

Error as_request(Error error) {
  error.fault = Fault::bad_request;
  return error;
}

}  // namespace

bj::value to_json(const Conversation& conversation) {
  bj::array messages;
  if (!conversation.system.empty()) {
    messages.push_back({{"role", "system"}, {"content", conversation.system}});
  }
  for (const Message& message : conversation.messages) {
    bj::object object{{"role", message.role}, {"content", message.content}};
    if (!message.reasoning.empty()) object["reasoning_content"] = message.reasoning;
    messages.push_back(std::move(object));
  }
  return messages;
}

Expected<Conversation> parse_conversation(std::string_view text) {
  const auto document = json::parse(text);
  if (!document) return tl::unexpected<Error>(as_request(document.error()));
  const auto* root = document->root.if_object();
  const auto* field = root != nullptr ? root->if_contains("messages") : nullptr;
  const auto* messages = field != nullptr ? field->if_array() : nullptr;
  if (messages == nullptr) {
    return fail(Fault::bad_request, "wanted an object with a list of messages");
  }
  Conversation conversation;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const auto added = add(conversation, (*messages)[i], i);
    if (!added) return fail_at("message " + std::to_string(i + 1), as_request(added.error()));
  }
  return conversation;
}

Expected<void> save(const Conversation& conversation, const std::string& path) {
  const bj::object root{{"messages", to_json(conversation)}};
  const std::string text = bj::serialize(root) + "\n";
  MR_TRY(sys::OutFile file, sys::create(path));
  MR_TRY_VOID(sys::append(file, std::as_bytes(std::span(text))));
  return sys::commit(file);
}

Expected<Conversation> load_conversation(const std::string& path) {
  MR_TRY(const std::string text, sys::read_text(path, kMostBytes));
  auto conversation = parse_conversation(text);
  if (!conversation) return fail_at(quote(path), conversation.error());
  return conversation;
}

bool drop_answer(Conversation& conversation) {
  if (conversation.messages.empty() || conversation.messages.back().role != "assistant") {
    return false;
  }
  conversation.messages.pop_back();
  return true;
}

}  // namespace mr::app
