#pragma once
#include <string>

#include "text/word_wrap.h"

/// Answers on the terminal.
namespace mr::app {

/// Where answers go: their text to stdout, thoughts to stderr, dim where there are colours. On a
/// terminal no text can steer it.
struct Screen {
  bool stdout_terminal = false;
  bool stderr_terminal = false;
  bool colours = false;     ///< on stderr
  bool thought = false;     ///< a thought has begun and nothing else has come since
  bool line_open = false;   ///< the terminal's line has text of the answer in it
  bool ends_lines = false;  ///< the last line of an answer too
  bool failed = false;      ///< stdout takes nothing more
  text::WordWrap lines;     ///< of what is shown
};

/// As the environment has it: NO_COLOR, CLICOLOR_FORCE, TERM=dumb.
Screen make_screen();

void show_thought(Screen& screen, const std::string& text);
void show_answer(Screen& screen, const std::string& text);

/// Ends the line, where lines are ended.
void end_answer(Screen& screen);

}  // namespace mr::app
