#include "api/cache_report.h"

#include <algorithm>

#include "api/chat_messages.h"
#include "api/metrics.h"
#include "text/valid_utf8.h"

namespace mr::api {
namespace json = boost::json;
namespace {

/// Tokens of a prompt before those that depend on what message `n` of its chat says: the chat is
/// read again with something else in its place.
std::size_t begin_of(const Served& served, const Chat& chat, std::size_t n,
                     const std::vector<std::int32_t>& prompt) {
  Chat other = chat;
  json::value& content = other.messages[n].get_object()["content"];
  const auto* text = content.if_string();
  content = text != nullptr && text->starts_with('Z') ? "Y" : "Z";
  const auto tokens = tokens_of(served, other);
  if (!tokens) return 0;  // a template may refuse it
  const std::size_t shorter = std::min(tokens->size(), prompt.size());
  const auto end = tokens->begin() + static_cast<std::ptrdiff_t>(shorter);
  return static_cast<std::size_t>(std::mismatch(tokens->begin(), end, prompt.begin()).first -
                                  tokens->begin());
}

/// The message that holds a token, or the one before it; null before the first.
json::value message_at(const Served& served, const Chat& chat,
                       const std::vector<std::int32_t>& prompt, std::size_t token) {
  if (chat.messages.empty() || begin_of(served, chat, 0, prompt) > token) return nullptr;
  std::size_t low = 0;  // begins before the token, or with it
  std::size_t high = chat.messages.size();
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (begin_of(served, chat, middle, prompt) <= token ? low : high) = middle;
  }
  return {{"index", low}, {"role", chat.messages[low].get_object().at("role")}};
}

}  // namespace

json::object cache_report(const Served& served, const Generation& generation) {
  const std::vector<std::int32_t>& prompt = generation.ask.prompts.front().prompt;
  const auto first = static_cast<std::size_t>(generation.n_cached.front());
  json::object out{{"prompt_tokens", prompt.size()},
                   {"cached_tokens", first},
                   {"reason", name_of(generation.miss.front())},
                   {"first_divergent_token", nullptr},
                   {"message", nullptr}};
  if (generation.miss.front() == sched::Miss::none) return out;
  const auto id = static_cast<text::Id>(prompt[first]);
  out["first_divergent_token"] = {
      {"index", first},
      {"id", prompt[first]},
      {"text", text::valid_utf8(text::piece_bytes(*served.tokenizer, id, true))}};
  if (generation.ask.chat) {
    out["message"] = message_at(served, *generation.ask.chat, prompt, first);
  }
  return out;
}

}  // namespace mr::api
