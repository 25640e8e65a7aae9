#include <algorithm>
#include <cctype>
#include <cstdio>
#include <vector>

#include "app/chat_session.h"
#include "app/license.h"
#include "app/words.h"
#include "base/nearest.h"
#include "base/quote.h"
#include "sys/text_file.h"
#include "text/terminal_text.h"
#include "text/valid_utf8.h"

namespace mr::app {
namespace {

constexpr std::size_t kMostReadBytes = 64U << 20;

void say(const std::string& text) {
  std::fputs(text.c_str(), stderr);
}

Expected<After> do_help(ChatSession& session, std::string_view words);

Expected<After> do_set(ChatSession& session, std::string_view words) {
  std::string_view rest = words;
  if (words.empty()) {
    say(settings_text(session.settings));
  } else if (take_word(rest) == "system") {
    session.conversation.system = rest;
  } else {
    MR_TRY_VOID(set(session.settings, words, session.engine.model->config.n_vocab));
  }
  return After::go_on;
}

Expected<After> do_system(ChatSession& session, std::string_view words) {
  if (!words.empty()) session.conversation.system = words;
  say("system: " + quote(session.conversation.system) + "\n");
  return After::go_on;
}

Expected<After> do_clear(ChatSession& session, std::string_view) {
  session.conversation.messages.clear();
  say("cleared\n");
  return After::go_on;
}

Expected<After> do_regen(ChatSession& session, std::string_view) {
  const Conversation before = session.conversation;
  drop_answer(session.conversation);
  if (session.conversation.messages.empty()) {
    return fail(Fault::bad_request, "/regen: nothing was asked yet");
  }
  ++session.n_again;
  const auto done = answer(session);
  if (done) return After::go_on;
  session.conversation = before;
  return tl::unexpected<Error>(done.error());
}

Expected<std::string> path_of(const char* command, std::string_view words) {
  if (!words.empty()) return std::string(words);
  return fail(Fault::bad_request, std::string(command) + ": wanted the name of a file");
}

void say_count(const char* what, const Conversation& conversation) {
  say(std::string(what) + " " + std::to_string(conversation.messages.size()) + " messages\n");
}

Expected<After> do_save(ChatSession& session, std::string_view words) {
  MR_TRY(const std::string path, path_of("/save", words));
  MR_TRY_VOID(save(session.conversation, path));
  say_count("saved", session.conversation);
  return After::go_on;
}

Expected<After> do_load(ChatSession& session, std::string_view words) {
  MR_TRY(const std::string path, path_of("/load", words));
  MR_TRY(session.conversation, load_conversation(path));
  say_count("loaded", session.conversation);
  return After::go_on;
}

/// Asks with a file's text, and what stands behind its name as the question.
Expected<After> do_read(ChatSession& session, std::string_view words) {
  const std::string_view name = take_word(words);
  MR_TRY(const std::string path, path_of("/read", name));
  MR_TRY(std::string text, sys::read_text(path, kMostReadBytes));
  if (!words.empty()) text.append("\n\n").append(words);
  MR_TRY_VOID(ask(session, std::move(text)));
  return After::go_on;
}

/// A text of the model's, that cannot steer the terminal.
void say_text(const std::string& text) {
  say(text::terminal_text(text::valid_utf8(text)));
  if (!text.ends_with('\n')) say("\n");
}

Expected<After> do_show(ChatSession& session, std::string_view words) {
  if (words == "parameters" || words == "settings") {
    say(settings_text(session.settings));
  } else if (words == "system") {
    say("system: " + quote(session.conversation.system) + "\n");
  } else if (words == "template") {
    say_text(session.form.chat.source);
  } else if (words == "license") {
    MR_TRY(const std::string license, license_of(session.loaded.path));
    say_text(license.empty() ? "the model names no license" : license);
  } else if (words.empty() || words == "info") {
    const model::Config& config = session.loaded.model.config;
    const engine::Options& options = session.engine.options;
    say("model " + quote(session.loaded.path) + "\nname " + quote(config.name) + "\nlayers " +
        std::to_string(config.n_layers) + ", width " + std::to_string(config.dim) +
        ", vocabulary " + std::to_string(config.n_vocab) + "\ncontext " +
        std::to_string(options.n_context) + " of the model's " + std::to_string(config.n_context) +
        "\nmessages " + std::to_string(session.conversation.messages.size()) + "\n");
  } else {
    const std::vector<std::string> names{"info",     "license", "parameters",
                                         "settings", "system",  "template"};
    return fail(Fault::bad_request,
                "/show: wanted info, license, settings, system or template, found " + quote(words) +
                    did_you_mean(std::string(words), names));
  }
  return After::go_on;
}

Expected<After> do_bye(ChatSession&, std::string_view) {
  return After::leave;
}

struct Command {
  const char* name;
  const char* words;
  const char* text;
  Expected<After> (*run)(ChatSession& session, std::string_view words);
};

constexpr Command kCommands[] = {
    {"help", "", "This text; also /?", do_help},
    {"set", "[NAME VALUE]", "temperature, top_k, top_p, min_p, seed, num_predict, stop, ...",
     do_set},
    {"set", "verbose|quiet", "Figures after each answer, or none", do_set},
    {"set", "think|nothink", "Whether the model thinks first", do_set},
    {"set", "history|nohistory", "Whether lines are kept for later sessions", do_set},
    {"set", "format json|off", "Answers are JSON objects, or anything", do_set},
    {"set", "wordwrap N|off", "Breaks lines of answers between words, at N columns", do_set},
    {"system", "[TEXT]", "What the model is told first; also /set system", do_system},
    {"show", "[NAME]", "info, license, settings, system or template", do_show},
    {"read", "FILE [QUESTION]", "Asks with the text of a file", do_read},
    {"clear", "", "Forgets what was said, but not the system's text", do_clear},
    {"regen", "", "Another answer to the last question", do_regen},
    {"save", "FILE", "Writes the conversation as JSON messages", do_save},
    {"load", "FILE", "Goes on with one that was saved", do_load},
    {"bye", "", "Leaves; also /exit, /quit, Ctrl-D and Ctrl-C twice", do_bye},
};

Expected<After> do_help(ChatSession&, std::string_view) {
  char line[120];
  for (const Command& command : kCommands) {
    std::snprintf(line, sizeof line, "/%s %-*s %s\n", command.name,
                  static_cast<int>(22 - std::string_view(command.name).size()), command.words,
                  command.text);
    say(line);
  }
  say("A line that ends with \\ goes on in the next; \"\"\" begins and ends a text of many lines.\n"
      "Ctrl-C stops an answer. Arrows and Ctrl-R look through earlier lines.\n");
  return After::go_on;
}

std::string_view alias(std::string_view name) {
  if (name == "?") return "help";
  return name == "exit" || name == "quit" ? "bye" : name;
}

}  // namespace

bool is_command(std::string_view line) {
  const std::string_view word = take_word(line);
  if (!word.starts_with('/')) return false;
  return word == "/?" ||
         std::ranges::all_of(word.substr(1), [](unsigned char c) { return std::isalpha(c) != 0; });
}

Expected<After> run_command(ChatSession& session, std::string_view line) {
  const std::string_view name = alias(take_word(line).substr(1));
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run(session, line);
    names.push_back(std::string("/") + command.name);
  }
  return fail(Fault::bad_request, "no command " + quote("/" + std::string(name)) +
                                      did_you_mean("/" + std::string(name), names) +
                                      "; /help lists them");
}

}  // namespace mr::app
