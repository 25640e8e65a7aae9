#include "app/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

namespace mr::app {

void keep_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    const int null = ::open("/dev/null", O_RDONLY);  // the lowest free number
    if (null >= 0 && null != fd) ::close(null);
  }
}

}  // namespace mr::app
