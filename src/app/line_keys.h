#pragma once
#include <histedit.h>

#include <cstdio>
#include <string>

#include "app/byte_input.h"

/// Keys that libedit does not know by itself: a paste as a whole, and the user's own editor.
namespace mr::app {

/// Binds Ctrl-G, which edits the line with $VISUAL or $EDITOR.
void bind_outer_editor(EditLine* editor);

/// Whether the bytes behind an escape say that a paste begins; takes them if so.
bool take_paste_begin(ByteInput& bytes);

/// Reads up to the end of the paste: text with line ends as \n, and no control characters, which
/// could give commands. False where a signal or the end of the input came first.
bool read_paste(ByteInput& bytes, std::string& paste);

/// Asks the terminal to say where pastes begin and end, or no longer to.
void mark_pastes(std::FILE* screen, bool on);

}  // namespace mr::app
