#include "app/line_keys.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "app/chat_signals.h"
#include "sys/text_file.h"
#include "text/valid_utf8.h"

namespace mr::app {
namespace {

constexpr std::string_view kPasteBegin = "[200~";  // behind an escape
constexpr std::string_view kPasteEnd = "\033[201~";
constexpr std::size_t kMostPasteBytes = 1U << 20;  // of a paste; what comes after them is dropped

/// What may stand in a line: line ends as \n, tabs, and no other control characters.
std::string harmless(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\r') {
      if (i + 1 == text.size() || text[i + 1] != '\n') out += '\n';
    } else if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7F)) {
      out += text[i];
    }
  }
  return text::valid_utf8(out);
}

/// A file with the line; "" where there can be none.
std::string write_line(const LineInfo& line) {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "millrace-XXXXXX").string();
  const int file = error ? -1 : mkstemp(path.data());
  if (file < 0) return "";
  const auto n = static_cast<std::size_t>(line.lastchar - line.buffer);
  const bool written = write(file, line.buffer, n) == static_cast<ssize_t>(n);
  close(file);
  if (written) return path;
  unlink(path.c_str());
  return "";
}

/// Runs the user's editor on a file; whether it ended well.
bool edit(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", R"(exec ${VISUAL:-${EDITOR:-vi}} "$0")", path.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  (void)take_interrupt();  // Ctrl-C was the editor's
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void replace_line(EditLine* editor, const std::string& text) {
  const LineInfoW* line = el_wline(editor);
  el_cursor(editor, static_cast<int>(line->lastchar - line->cursor));
  el_deletestr(editor, static_cast<int>(line->lastchar - line->buffer));
  el_insertstr(editor, text.c_str());
}

unsigned char edit_outside(EditLine* editor, int) {
  const std::string path = write_line(*el_line(editor));
  if (path.empty()) return CC_ERROR;
  el_set(editor, EL_PREP_TERM, 0);
  const bool done = edit(path);
  el_set(editor, EL_PREP_TERM, 1);
  const auto text = sys::read_text(path, kMostPasteBytes);
  unlink(path.c_str());
  if (!done || !text) return CC_REDISPLAY;
  std::string line = harmless(*text);
  while (line.ends_with('\n')) line.pop_back();
  replace_line(editor, line);
  return CC_REDISPLAY;
}

}  // namespace

void bind_outer_editor(EditLine* editor) {
  el_set(editor, EL_ADDFN, "millrace-edit", "Edits the line with $EDITOR", edit_outside);
  el_set(editor, EL_BIND, "^G", "millrace-edit", nullptr);
}

bool take_paste_begin(ByteInput& bytes) {
  const std::string_view rest(bytes.bytes.data() + bytes.begin, bytes.end - bytes.begin);
  if (!rest.starts_with(kPasteBegin)) return false;
  bytes.begin += kPasteBegin.size();
  return true;
}

bool read_paste(ByteInput& bytes, std::string& paste) {
  std::string text;
  std::size_t n_matched = 0;  // bytes of the end that came last
  while (n_matched < kPasteEnd.size()) {
    char byte = 0;
    const Wait wait = next_byte(bytes, byte);
    if (wait == Wait::signal && take_resize()) continue;
    if (wait != Wait::byte) return false;
    n_matched = byte == kPasteEnd[n_matched] ? n_matched + 1 : byte == kPasteEnd[0] ? 1 : 0;
    if (text.size() < kMostPasteBytes || n_matched > 0) text += byte;
  }
  text.resize(text.size() - kPasteEnd.size());
  paste = harmless(text);
  return true;
}

void mark_pastes(std::FILE* screen, bool on) {
  std::fputs(on ? "\033[?2004h" : "\033[?2004l", screen);
  std::fflush(screen);
}

}  // namespace mr::app
