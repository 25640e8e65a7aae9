#include "app/line_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <filesystem>
#include <string_view>

#include "app/chat_signals.h"
#include "text/unicode.h"

namespace mr::app {
namespace {

constexpr int kMostLines = 1000;
constexpr wchar_t kRedisplay = L'\x1F';  // keys that are bound to nothing else: Ctrl-_
constexpr wchar_t kPaste = L'\x1E';      // and Ctrl-^
constexpr wchar_t kResize = L'\x1D';     // and Ctrl-]
constexpr int kMapped = 256;             // characters below have a place in libedit's key map

LineInput& input_of(EditLine* editor) {
  void* data = nullptr;
  el_get(editor, EL_CLIENTDATA, &data);
  return *static_cast<LineInput*>(data);
}

char* prompt_of(EditLine* editor) {
  return input_of(editor).prompt.data();
}

unsigned char insert_paste(EditLine* editor, int) {
  LineInput& input = input_of(editor);
  el_insertstr(editor, input.paste.c_str());
  input.paste.clear();
  return CC_REFRESH;
}

/// In the place of ed-insert, which shows a character without a look at the whole line and then
/// writes outside of the screen where the line is taller (libedit 3.1-20221030).
unsigned char insert_typed(EditLine* editor, int character) {
  std::string text;
  text::append_utf8(text, static_cast<std::uint32_t>(character));
  el_insertstr(editor, text.c_str());
  return CC_REFRESH;
}

/// Binds what a key map can hold to insert_typed.
void bind_typed(EditLine* editor) {
  el_set(editor, EL_ADDFN, "millrace-insert", "Inserts what was typed", insert_typed);
  for (int c = ' '; c < kMapped; ++c) {
    if (c >= 0x7F && c < 0xA0) continue;  // controls
    std::array<char, 8> key{};
    std::snprintf(key.data(), key.size(), "\\%03o", static_cast<unsigned>(c));
    el_set(editor, EL_BIND, key.data(), "millrace-insert", nullptr);
  }
}

/// Whether a line may be as tall as the screen: wide characters have more bytes than columns, a tab
/// goes on to the next eighth, other controls are shown as \nnn.
bool is_tall(EditLine* editor) {
  int n_columns = 0;
  int n_rows = 0;
  el_get(editor, EL_GETTC, "co", &n_columns);
  el_get(editor, EL_GETTC, "li", &n_rows);
  const LineInfo* line = el_line(editor);
  int n_cells = static_cast<int>(input_of(editor).prompt.size());
  for (const char* c = line->buffer; c != line->lastchar; ++c) {
    const bool control = static_cast<unsigned char>(*c) < ' ' || *c == '\x7F';
    n_cells += *c == '\n' ? n_columns : control ? 8 : 1;
  }
  return n_columns <= 0 || n_cells / n_columns + 2 >= n_rows;
}

/// After el_resize libedit's cursor is where it was on the old screen, which it would write to
/// outside of the new one: nothing may come before the line is drawn anew.
unsigned char take_size(EditLine* editor, int) {
  input_of(editor).resized = false;
  el_resize(editor);
  return CC_REDISPLAY;
}

/// Makes the terminal the editor's again after a shell has had it.
void take_terminal(EditLine* editor) {
  el_set(editor, EL_PREP_TERM, 0);
  el_set(editor, EL_PREP_TERM, 1);
}

/// libedit's reader: the next character, 0 at the end, -1 where typing is over.
int next_character(EditLine* editor, wchar_t* character) {
  LineInput& input = input_of(editor);
  std::mbstate_t state{};
  for (;;) {
    if (input.resized) {  // until it is taken for a key of its own: it may come within an escape
      *character = kResize;
      return 1;
    }
    char byte = 0;
    const Wait wait = next_byte(input.bytes, byte);
    if (wait == Wait::end) return 0;
    if (wait == Wait::signal) {
      input.resized = take_resize();
      input.interrupted = take_interrupt();
      if (input.interrupted || asked_to_end()) return -1;
      if (!take_return()) continue;
      take_terminal(editor);
      *character = kRedisplay;
      return 1;
    }
    if (byte == '\033' && take_paste_begin(input.bytes)) {
      if (!read_paste(input.bytes, input.paste)) continue;
      *character = kPaste;
      return 1;
    }
    const std::size_t n = std::mbrtowc(character, &byte, 1, &state);
    if (n <= 1) {
      if (*character < kMapped || !is_tall(editor)) return 1;
      text::append_utf8(input.paste, static_cast<std::uint32_t>(*character));
      *character = kPaste;  // libedit would give it to ed-insert
      return 1;
    }
    if (n == static_cast<std::size_t>(-1)) state = {};  // no UTF-8: the byte is dropped
  }
}

/// The folder of the history, private to the user.
bool make_folder(const std::string& file) {
  std::error_code error;
  const auto folder = std::filesystem::path(file).parent_path();
  if (std::filesystem::create_directories(folder, error)) chmod(folder.c_str(), S_IRWXU);
  return !error;
}

void begin_history(LineInput& input) {
  HistEvent event;
  input.history.reset(history_init());
  history(input.history.get(), &event, H_SETSIZE, kMostLines);
  history(input.history.get(), &event, H_SETUNIQUE, 1);
  if (!input.history_file.empty() && make_folder(input.history_file)) {
    history(input.history.get(), &event, H_LOAD, input.history_file.c_str());
  }
}

void begin_editing(LineInput& input) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  input.screen.reset(fdopen(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), "w"));
  input.editor.reset(el_init("millrace", stdin, input.screen.get(), input.screen.get()));
  EditLine* editor = input.editor.get();
  if (editor == nullptr) return;
  begin_history(input);
  el_set(editor, EL_CLIENTDATA, &input);
  el_set(editor, EL_PROMPT, prompt_of);
  el_set(editor, EL_GETCFN, next_character);
  el_set(editor, EL_HIST, history, input.history.get());
  el_set(editor, EL_EDITOR, "emacs");
  bind_typed(editor);
  el_set(editor, EL_BIND, "^_", "ed-redisplay", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(editor, EL_BIND, "^W", "ed-delete-prev-word", nullptr);
  el_set(editor, EL_BIND, "\\e[1~", "ed-move-to-beg", nullptr);
  el_set(editor, EL_BIND, "\\e[4~", "ed-move-to-end", nullptr);
  el_set(editor, EL_BIND, "\\e[3~", "ed-delete-next-char", nullptr);
  el_set(editor, EL_ADDFN, "millrace-paste", "Inserts what was pasted", insert_paste);
  el_set(editor, EL_BIND, "^^", "millrace-paste", nullptr);
  el_set(editor, EL_ADDFN, "millrace-resize", "Takes the size of the terminal", take_size);
  el_set(editor, EL_BIND, "^]", "millrace-resize", nullptr);
  bind_outer_editor(editor);
  el_source(editor, nullptr);
  const char* term = std::getenv("TERM");
  input.marks_pastes = term != nullptr && std::string_view(term) != "dumb";
}

Typed read_piped(LineInput& input, std::string& line) {
  for (;;) {
    char byte = 0;
    switch (next_byte(input.bytes, byte)) {
      case Wait::signal:
        (void)take_resize();
        (void)take_return();
        if (take_interrupt() || asked_to_end()) return Typed::interrupt;
        break;
      case Wait::end:
        return line.empty() ? Typed::end : Typed::line;
      case Wait::byte:
        if (byte == '\n') return Typed::line;
        line += byte;
    }
  }
}

}  // namespace

std::unique_ptr<LineInput> make_line_input(std::string history_file) {
  auto input = std::make_unique<LineInput>();
  input->history_file = std::move(history_file);
  if (isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) begin_editing(*input);
  return input;
}

Typed read_line(LineInput& input, const std::string& prompt, std::string& line) {
  line.clear();
  if (!input.editor) return read_piped(input, line);
  input.prompt = prompt;
  input.interrupted = false;
  int n = 0;
  if (input.marks_pastes) mark_pastes(input.screen.get(), true);
  const char* typed = el_gets(input.editor.get(), &n);
  if (input.marks_pastes) mark_pastes(input.screen.get(), false);
  if (input.interrupted) return Typed::interrupt;
  if (typed == nullptr || n <= 0) return Typed::end;
  line = typed;
  while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
  return Typed::line;
}

void remember(LineInput& input, const std::string& line) {
  if (!input.history || line.empty()) return;
  HistEvent event;
  history(input.history.get(), &event, H_ENTER, line.c_str());
  if (input.history_file.empty()) return;
  history(input.history.get(), &event, H_SAVE, input.history_file.c_str());
}

}  // namespace mr::app
