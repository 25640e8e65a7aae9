#pragma once

namespace mr::app {

/// Puts /dev/null where the caller has closed stdin, stdout or stderr, so that no file which is
/// opened later takes their place. What is written to a closed stdout still fails.
void keep_standard_streams();

}  // namespace mr::app
