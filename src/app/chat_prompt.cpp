#include "app/chat_prompt.h"

namespace mr::app {

Expected<std::vector<std::int32_t>> chat_prompt(const ChatForm& form, const text::Tokenizer& tok,
                                                const boost::json::value& messages,
                                                std::optional<bool> thinks) {
  boost::json::object extra = form.extra;
  if (thinks) extra["thinking"] = *thinks;
  MR_TRY(const auto rendered,
         text::render_chat(form.chat,
                           {.messages = &messages, .extra = &extra, .enable_thinking = thinks},
                           {.now = text::jinja::local_clock()}));
  std::vector<text::Segment> segments;
  for (const auto& part : rendered.segments) {
    segments.push_back(
        {std::string_view(rendered.text).substr(part.begin, part.end - part.begin), part.trusted});
  }
  MR_TRY(const auto ids, text::encode_marked(tok, segments, false));
  return std::vector<std::int32_t>(ids.begin(), ids.end());
}

}  // namespace mr::app
