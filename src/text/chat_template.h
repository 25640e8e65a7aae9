#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/jinja/template.h"

/// Chat templates: from messages to the text that a model was trained on.
namespace mr::text {

/// A model's template with what goes with it.
struct ChatTemplate {
  std::string source;  ///< of `usual`
  jinja::Template usual;
  std::optional<jinja::Template> with_tools;  ///< the one named tool_use, if the model has two
  /// What templates print of the vocabulary: bos_token, eos_token and the like, with their text.
  std::vector<std::pair<std::string, boost::json::value>> tokens = {};
};

/// Errors: bad_model with the line.
Expected<ChatTemplate> make_chat_template(std::string_view source,
                                          const jinja::Limits& limits = {});

/// The template of a model: a GGUF file with tokenizer.chat_template, or a folder with
/// chat_template.jinja, chat_template.json or tokenizer_config.json.
/// Errors: bad_model, also where the model has no template.
Expected<ChatTemplate> load_chat_template(const std::string& model);

/// What a client sends to be rendered.
struct ChatInput {
  const boost::json::value* messages;
  const boost::json::value* tools = nullptr;  ///< templates see none where there are none
  const boost::json::value* documents = nullptr;
  const boost::json::object* extra = nullptr;  ///< chat_template_kwargs; the rest goes before it
  std::optional<bool> enable_thinking = {};
  bool add_generation_prompt = true;
};

/// Renders messages. Segments that are not trusted hold text of the client's, which must not
/// become special tokens. Errors: as of jinja::render.
Expected<jinja::Rendered> render_chat(const ChatTemplate& chat, const ChatInput& input,
                                      const jinja::RenderOptions& options = {});

}  // namespace mr::text
