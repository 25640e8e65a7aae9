#include "app/completion.h"

namespace mr::app {
namespace {

/// Inside single quotes of a shell; fish escapes them as the others cannot.
std::string quoted(const std::string& text, const char* quote_as) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? quote_as : std::string(1, c);
  return out + "'";
}

std::string quoted(const std::string& text) {
  return quoted(text, "'\\''");
}

/// The text of a flag within zsh's brackets.
std::string bracketed(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

constexpr const char* kModels = "$(millrace ls --names 2>/dev/null)";

/// What bash completes behind a flag; "" where the user must know.
std::string bash_words(const FlagManual& flag) {
  if (!flag.choices.empty()) return "-W '" + joined(flag.choices) + "'";
  if (flag.value == "MODEL") return std::string("-f -W \"") + kModels + "\"";
  return flag.value == "FILE" ? "-f" : "";
}

std::string bash_case(const CommandManual& command) {
  std::string out;
  std::string all;
  std::string files;
  for (const FlagManual& flag : command.flags) {
    if (!flag.names.empty()) all += (all.empty() ? "" : " ") + joined(flag.names);
    if (!flag.place.empty()) {
      all += (all.empty() ? "" : " ") + joined(flag.choices);
      if (flag.value == "FILE" || flag.value == "MODEL") files = "-f ";
    }
    if (flag.value.empty() || flag.names.empty()) continue;
    std::string patterns;
    for (const std::string& name : flag.names) {
      patterns += (patterns.empty() ? "" : "|") + command.name + ":" + name;
    }
    const std::string words = bash_words(flag);
    out +=
        "    " + patterns + ") " + (words.empty() ? "return" : "words=(" + words + ")") + " ;;\n";
  }
  return out + "    " + command.name + ":*) words=(" + files + "-W '" + all + "') ;;\n";
}

std::string zsh_action(const FlagManual& flag) {
  if (!flag.choices.empty()) return "(" + joined(flag.choices) + ")";
  if (flag.value == "MODEL") return "_millrace_models";
  return flag.value == "FILE" ? "_files" : " ";
}

std::string zsh_arguments(const CommandManual& command) {
  std::string out;
  for (const FlagManual& flag : command.flags) {
    const std::string value = flag.value.empty() ? "" : ":" + flag.value + ":" + zsh_action(flag);
    const std::string about = "[" + bracketed(flag.text) + "]" + value;
    for (const std::string& name : flag.names) {
      std::string item = "*";
      item.append(name).append(about);
      out.append(" \\\n        ").append(app::quoted(item));
    }
    if (!flag.place.empty()) {
      out += " \\\n        " + quoted("::" + flag.place + ":" + zsh_action(flag));
    }
  }
  return out;
}

std::string fish_values(const FlagManual& flag) {
  if (!flag.choices.empty()) return " -x -a '" + joined(flag.choices) + "'";
  if (flag.value == "MODEL") return " -r -F -a '(millrace ls --names 2>/dev/null)'";
  return flag.value == "FILE" ? " -r -F" : flag.value.empty() ? "" : " -x";
}

}  // namespace

std::string bash_completion(std::span<const CommandManual> commands) {
  std::string names;
  std::string cases;
  for (const CommandManual& command : commands) {
    names += (names.empty() ? "" : "|") + command.name;
    cases += bash_case(command);
  }
  std::string list = names;
  for (char& c : list) c = c == '|' ? ' ' : c;
  return "_millrace() {\n"
         "  local word command= words=()\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in " +
         names +
         ") command=$word; break ;; esac\n"
         "  done\n"
         "  case $command:${COMP_WORDS[COMP_CWORD-1]} in\n" +
         cases + "    *) words=(-W '" + list +
         " --help --help-all --version') ;;\n"
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen \"${words[@]}\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
         "}\n"
         "complete -o filenames -o bashdefault -F _millrace millrace\n";
}

std::string zsh_completion(std::span<const CommandManual> commands) {
  std::string names;
  std::string cases;
  for (const CommandManual& command : commands) {
    names += " \\\n    " + quoted(command.name + ":" + bracketed(command.text));
    cases += "    " + command.name + ")\n      _arguments" + zsh_arguments(command) + " ;;\n";
  }
  return "#compdef millrace\n"
         "_millrace_models() {\n"
         "  local -a models=(${(f)\"" +
         std::string(kModels) +
         "\"})\n"
         "  compadd -a models\n"
         "  _files\n"
         "}\n"
         "_millrace() {\n"
         "  local -a commands=(" +
         names +
         ")\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  shift words\n"
         "  (( CURRENT-- ))\n"
         "  case $words[1] in\n" +
         cases +
         "  esac\n"
         "}\n"
         "compdef _millrace millrace\n";
}

std::string fish_completion(std::span<const CommandManual> commands) {
  std::string out = "complete -c millrace -n __fish_use_subcommand -f\n";
  for (const CommandManual& command : commands) {
    out += "complete -c millrace -n __fish_use_subcommand -f -a " + command.name + " -d " +
           quoted(command.text, "\\'") + "\n";
    for (const FlagManual& flag : command.flags) {
      if (flag.names.empty()) continue;
      out += "complete -c millrace -n '__fish_seen_subcommand_from " + command.name + "'";
      for (const std::string& name : flag.names) {
        const char* kind = name.starts_with("--") ? " -l " : name.size() > 2 ? " -o " : " -s ";
        out += kind + name.substr(name.find_first_not_of('-'));
      }
      out += fish_values(flag) + " -d " + quoted(flag.text, "\\'") + "\n";
    }
  }
  return out;
}

}  // namespace mr::app
