#include "app/interrupt.h"

#include <csignal>

namespace mr::app {
namespace {

volatile std::sig_atomic_t n_interrupts = 0;  // a signal handler can reach nothing else

void on_interrupt(int signal) {
  n_interrupts = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
}

bool interrupted() {
  return n_interrupts != 0;
}

}  // namespace mr::app
