#include "app/screen.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/log.h"
#include "text/terminal_text.h"

namespace mr::app {
namespace {

constexpr const char* kDim = "\033[2m";
constexpr const char* kPlain = "\033[0m";

bool has_text(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool is_dumb() {
  const char* value = std::getenv("TERM");
  return value == nullptr || std::string_view(value) == "dumb";
}

/// Whether colours are wanted where there is no terminal too.
bool is_forced() {
  const char* value = std::getenv("CLICOLOR_FORCE");
  return value != nullptr && *value != '\0' && std::string_view(value) != "0";
}

void write_thought(const Screen& screen, const std::string& shown) {
  std::fprintf(stderr, "%s%s%s", screen.colours ? kDim : "", shown.c_str(),
               screen.colours ? kPlain : "");
}

void end_thought(Screen& screen) {
  if (!screen.thought) return;
  write_thought(screen, text::finish(screen.lines));
  std::fputs("\n\n", stderr);
  screen.thought = false;
}

void write_answer(Screen& screen, const std::string& shown) {
  const bool written = std::fwrite(shown.data(), 1, shown.size(), stdout) == shown.size();
  screen.failed = screen.failed || !written || std::fflush(stdout) != 0;
}

}  // namespace

Screen make_screen() {
  Screen screen;
  screen.stdout_terminal = isatty(STDOUT_FILENO) != 0;
  screen.ends_lines = screen.stdout_terminal;
  screen.stderr_terminal = isatty(STDERR_FILENO) != 0;
  const bool wanted = (screen.stderr_terminal && !is_dumb()) || is_forced();
  screen.colours = log::settings.colours == log::Colours::automatic
                       ? wanted && !has_text("NO_COLOR")
                       : log::settings.colours == log::Colours::on;
  return screen;
}

void show_thought(Screen& screen, const std::string& text) {
  if (text.empty()) return;
  if (!screen.thought && !screen.colours) std::fputs("(thinking) ", stderr);
  screen.thought = true;
  const std::string shown = screen.stderr_terminal ? text::terminal_text(text) : text;
  write_thought(screen, text::wrap(screen.lines, shown));
  std::fflush(stderr);
}

void show_answer(Screen& screen, const std::string& text) {
  if (text.empty()) return;
  end_thought(screen);
  const std::string shown = screen.stdout_terminal ? text::terminal_text(text) : text;
  write_answer(screen, text::wrap(screen.lines, shown));
  screen.line_open = shown.back() != '\n';
}

void end_answer(Screen& screen) {
  end_thought(screen);
  write_answer(screen, text::finish(screen.lines));
  if (screen.line_open && screen.ends_lines) {
    screen.failed = std::puts("") < 0 || std::fflush(stdout) != 0 || screen.failed;
  }
  screen.line_open = false;
}

}  // namespace mr::app
