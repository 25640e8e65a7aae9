#include "app/prompt_flags.h"

#include <boost/json/parse.hpp>
#include <charconv>

#include "base/quote.h"
#include "sys/text_file.h"
#include "text/template_tokens.h"

namespace mr::app {
namespace {

/// The byte that a backslash before `rest` means, and how many characters said so; 0: none.
std::size_t escaped(std::string_view rest, char& byte) {
  constexpr std::string_view kNames = "nrt'\"\\";
  constexpr std::string_view kMeant = "\n\r\t'\"\\";
  if (rest.empty()) return 0;
  const std::size_t i = kNames.find(rest.front());
  if (i != kNames.npos) {
    byte = kMeant[i];
    return 1;
  }
  unsigned char number = 0;
  if (rest.front() != 'x' || rest.size() < 3) return 0;
  const auto read = std::from_chars(rest.data() + 1, rest.data() + 3, number, 16);
  if (read.ec != std::errc{} || read.ptr != rest.data() + 3) return 0;
  byte = static_cast<char>(number);
  return 3;
}

Expected<boost::json::object> parse_extra(const std::string& text) {
  if (text.empty()) return boost::json::object{};
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (!error && value.is_object()) return std::move(value.get_object());
  return fail(Fault::bad_request,
              "--chat-template-kwargs: wanted a JSON object, found " + quote(text));
}

/// A template that the user gave, with the tokens that the model's own would see.
Expected<text::ChatTemplate> given_template(const std::string& source, const std::string& path) {
  auto chat = text::make_chat_template(source);
  if (!chat) return fail(Fault::bad_request, "chat template: " + chat.error().message);
  MR_TRY(chat->tokens, text::template_tokens(path));
  return chat;
}

}  // namespace

void add_prompt_flags(CLI::App& command, PromptArgs& args) {
  constexpr const char* kGroup = "Prompt";
  command.add_option("--system,--sys,--system-prompt", args.system, "What the model is told first")
      ->group(kGroup);
  auto* text = command
                   .add_option("--chat-template", args.template_text,
                               "Jinja in place of the model's chat template")
                   ->group(kGroup);
  command.add_option("--chat-template-file", args.template_file, "A file with such a template")
      ->group(kGroup)
      ->type_name("FILE")
      ->excludes(text);
  command
      .add_option("--chat-template-kwargs", args.template_extra,
                  "Variables for the template, a JSON object")
      ->group(kGroup)
      ->type_name("JSON");
  command
      .add_flag("-e,--escape", args.escapes, "\\n, \\t, \\xHH and the like in texts of flags count")
      ->group(kGroup);
}

std::string unescaped(const PromptArgs& args, const std::string& text) {
  if (!args.escapes) return text;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char byte = text[i];
    if (byte == '\\') i += escaped(std::string_view(text).substr(i + 1), byte);
    out += byte;
  }
  return out;
}

Expected<ChatForm> chat_form(const PromptArgs& args, const std::string& path) {
  ChatForm form;
  MR_TRY(form.extra, parse_extra(args.template_extra));
  if (!args.template_file.empty()) {
    MR_TRY(const std::string source, sys::read_text(args.template_file));
    MR_TRY(form.chat, given_template(source, path));
  } else if (!args.template_text.empty()) {
    MR_TRY(form.chat, given_template(args.template_text, path));
  } else {
    MR_TRY(form.chat, text::load_chat_template(path));
  }
  return form;
}

}  // namespace mr::app
