#include "app/chat_signals.h"

#include <array>

namespace mr::app {
namespace {

constexpr std::array kCaught{SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};

// A signal handler can reach nothing else.
volatile std::sig_atomic_t interrupt = 0;
volatile std::sig_atomic_t resize = 0;
volatile std::sig_atomic_t back = 0;
volatile std::sig_atomic_t term = 0;

void on_signal(int signal) {
  switch (signal) {
    case SIGINT:
      interrupt = 1;
      break;
    case SIGWINCH:
      resize = 1;
      break;
    case SIGCONT:
      back = 1;
      break;
    default:
      term = 1;
  }
}

bool take(volatile std::sig_atomic_t& flag) {
  if (flag == 0) return false;
  flag = 0;
  return true;
}

}  // namespace

void catch_chat_signals() {
  struct sigaction action = {};  // no SA_RESTART: a wait ends
  action.sa_handler = on_signal;
  for (const int signal : kCaught) sigaction(signal, &action, nullptr);
}

sigset_t chat_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kCaught) sigaddset(&set, signal);
  return set;
}

bool signal_came() {
  return interrupt != 0 || resize != 0 || back != 0 || term != 0;
}

bool take_interrupt() {
  return take(interrupt);
}

bool take_resize() {
  return take(resize);
}

bool take_return() {
  return take(back);
}

bool asked_to_end() {
  return term != 0;
}

}  // namespace mr::app
