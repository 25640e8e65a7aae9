#pragma once
#include <boost/json.hpp>

#include "api/ask_fields.h"
#include "api/tool_grammar.h"

/// The messages of a chat, from what clients send to the tokens of a prompt.
namespace mr::api {

/// A chat as templates take it.
struct Chat {
  boost::json::array messages = {};  ///< contents are texts, arguments of calls are objects
  boost::json::array tools = {};
  ToolChoice choice = ToolChoice::free;
  std::vector<std::string> allowed = {};  ///< the tools that may be called; none: all
  bool parallel = true;                   ///< more than one call
  boost::json::object extra = {};         ///< chat_template_kwargs
  boost::json::value documents = nullptr;
  bool add_generation_prompt = true;
  bool continue_final_message = false;
};

/// Reads `messages`, `tools`, `tool_choice` and the fields about the template.
Chat get_chat(Fields& fields, const Served& served);

/// The text that a template makes of a chat. Errors: 400 with what the template said.
Checked<text::jinja::Rendered> render(const Served& served, const Chat& chat);

/// Its tokens; none of what a client wrote becomes a special token.
Checked<std::vector<std::int32_t>> tokens_of(const Served& served, const Chat& chat,
                                             bool add_special = false);

}  // namespace mr::api
