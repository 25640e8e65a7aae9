#include "app/byte_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "app/chat_signals.h"

namespace mr::app {
namespace {

/// Waits until there is something to read: false where a signal came, before or meanwhile.
bool wait_for_input() {
  const sigset_t caught = chat_signals();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &caught, &before);  // ppoll lets them in, so none is missed
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  const bool ready = !signal_came() && ppoll(&input, 1, nullptr, &before) >= 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return ready;
}

}  // namespace

Wait next_byte(ByteInput& input, char& byte) {
  if (input.begin == input.end) {
    if (!wait_for_input()) return Wait::signal;
    const ssize_t n = read(STDIN_FILENO, input.bytes.data(), input.bytes.size());
    if (n < 0 && errno == EINTR) return Wait::signal;
    if (n <= 0) return Wait::end;
    input.begin = 0;
    input.end = static_cast<std::size_t>(n);
  }
  byte = input.bytes[input.begin++];
  return Wait::byte;
}

}  // namespace mr::app
