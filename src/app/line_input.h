#pragma once
#include <histedit.h>

#include <cstdio>
#include <memory>
#include <string>

#include "app/byte_input.h"
#include "app/line_keys.h"

namespace mr::app {

/// Gives back what line editing takes.
struct LineRelease {
  void operator()(EditLine* editor) const { el_end(editor); }
  void operator()(History* history) const { history_end(history); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// Lines that a user types, edited by libedit on a terminal (it shows them on stderr), or read from
/// what is piped in.
struct LineInput {
  ByteInput bytes;
  std::string paste;          ///< what the terminal pasted last
  bool marks_pastes = false;  ///< the terminal can
  bool interrupted = false;   ///< while the last line was typed
  bool resized = false;       ///< the terminal has a size that libedit does not know yet
  std::string prompt;
  std::string history_file;  ///< empty: the lines are not kept
  std::unique_ptr<std::FILE, LineRelease> screen;
  std::unique_ptr<History, LineRelease> history;
  std::unique_ptr<EditLine, LineRelease> editor;  ///< none: no terminal
};

enum class Typed { line, end, interrupt };

/// Begins editing if stdin and stderr are a terminal. The input stays where it is: libedit keeps
/// its address.
std::unique_ptr<LineInput> make_line_input(std::string history_file);

/// The next line, without its end. A null byte ends it.
Typed read_line(LineInput& input, const std::string& prompt, std::string& line);

/// Keeps a line for the arrow keys and for later sessions.
void remember(LineInput& input, const std::string& line);

}  // namespace mr::app
