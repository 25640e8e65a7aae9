#include "api/logprob_form.h"

#include <algorithm>
#include <cmath>

#include "text/valid_utf8.h"

namespace mr::api {
namespace json = boost::json;
namespace {

double shown(float logprob) {
  return std::isfinite(logprob) ? static_cast<double>(logprob) : -9999.0;
}

std::string bytes_of(const text::Tokenizer& tokenizer, std::int32_t token) {
  return text::piece_bytes(tokenizer, static_cast<text::Id>(token), false);
}

json::object chat_token(const text::Tokenizer& tokenizer, const sample::Logprob& one) {
  const std::string piece = bytes_of(tokenizer, one.token);
  json::array bytes;
  for (const char c : piece)
    bytes.push_back(static_cast<std::int64_t>(static_cast<unsigned char>(c)));
  return {{"token", text::valid_utf8(piece)},
          {"logprob", shown(one.logprob)},
          {"bytes", std::move(bytes)}};
}

std::size_t n_characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace

json::object chat_logprobs(const text::Tokenizer& tokenizer, std::span<const ShownToken> tokens) {
  json::array content;
  for (const ShownToken& token : tokens) {
    if (!token.logprobs) continue;
    json::object one = chat_token(tokenizer, token.logprobs->drawn);
    json::array top;
    for (const sample::Logprob& other : token.logprobs->top) {
      top.push_back(chat_token(tokenizer, other));
    }
    one["top_logprobs"] = std::move(top);
    content.push_back(std::move(one));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

json::object completion_logprobs(const text::Tokenizer& tokenizer,
                                 std::span<const ShownToken> tokens, std::size_t& offset) {
  json::array texts;
  json::array logprobs;
  json::array tops;
  json::array offsets;
  for (const ShownToken& token : tokens) {
    const std::string text = text::valid_utf8(bytes_of(tokenizer, token.id));
    offsets.push_back(offset);
    offset += n_characters(text);
    texts.push_back(json::string(text));
    if (!token.logprobs) {
      logprobs.push_back(nullptr);
      tops.push_back(nullptr);
      continue;
    }
    logprobs.push_back(shown(token.logprobs->drawn.logprob));
    json::object top;
    for (const sample::Logprob& other : token.logprobs->top) {
      top.emplace(text::valid_utf8(bytes_of(tokenizer, other.token)), shown(other.logprob));
    }
    top.emplace(text, shown(token.logprobs->drawn.logprob));
    tops.push_back(std::move(top));
  }
  return {{"tokens", std::move(texts)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

}  // namespace mr::api
