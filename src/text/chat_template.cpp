#include "text/chat_template.h"

namespace mr::text {

Expected<ChatTemplate> make_chat_template(std::string_view source, const jinja::Limits& limits) {
  MR_TRY(jinja::Template parsed, jinja::parse_template(source, limits));
  return ChatTemplate{
      .source = std::string(source), .usual = std::move(parsed), .with_tools = std::nullopt};
}

Expected<jinja::Rendered> render_chat(const ChatTemplate& chat, const ChatInput& input,
                                      const jinja::RenderOptions& options) {
  const boost::json::value none;
  const boost::json::value generates = input.add_generation_prompt;
  const boost::json::value thinks = input.enable_thinking.value_or(false);
  std::vector<jinja::Variable> variables;
  if (input.extra != nullptr) {
    for (const auto& [key, value] : *input.extra) variables.push_back({key, &value});
  }
  variables.push_back({"messages", input.messages});
  variables.push_back({"tools", input.tools != nullptr ? input.tools : &none});
  variables.push_back({"documents", input.documents != nullptr ? input.documents : &none});
  variables.push_back({"add_generation_prompt", &generates});
  if (input.enable_thinking) variables.push_back({"enable_thinking", &thinks});
  for (const auto& [name, text] : chat.tokens) variables.push_back({name, &text, true});
  const bool has_tools = input.tools != nullptr && chat.with_tools;
  return jinja::render(has_tools ? *chat.with_tools : chat.usual, variables, options);
}

}  // namespace mr::text
