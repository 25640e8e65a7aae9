#pragma once
#include <CLI/App.hpp>
#include <string>

#include "app/chat_prompt.h"

namespace mr::app {

/// What a command was told about how a prompt is made of messages.
struct PromptArgs {
  std::string system;          ///< what the model is told first; empty: nothing
  std::string template_text;   ///< Jinja in place of the model's template
  std::string template_file;   ///< a file of it
  std::string template_extra;  ///< a JSON object: variables for the template
  bool escapes = false;        ///< \n and the like in texts of the command line mean something
};

void add_prompt_flags(CLI::App& command, PromptArgs& args);

/// The text with its escapes, where they mean something: \n \r \t \' \" \\ and \xHH; others stay.
std::string unescaped(const PromptArgs& args, const std::string& text);

/// The template of the flags, else that of the model at `path`. Errors: bad_request for flags that
/// are wrong, bad_model where nothing gives a template.
Expected<ChatForm> chat_form(const PromptArgs& args, const std::string& path);

}  // namespace mr::app
