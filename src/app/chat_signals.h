#pragma once
#include <csignal>

/// Signals of a session: none ends the program by itself.
namespace mr::app {

/// Catches Ctrl-C, SIGTERM, SIGHUP, and what a terminal tells: its size, and that it is back.
void catch_chat_signals();

/// The signals caught: what to block while flags are looked at before a wait.
sigset_t chat_signals();

/// Whether any has come that was not taken.
bool signal_came();

// Whether one came; all but the last forget it. Those that are not taken end every wait.
bool take_interrupt();
bool take_resize();
bool take_return();  ///< from the background
bool asked_to_end();

}  // namespace mr::app
