#pragma once
#include "base/error.h"

namespace mr::app {

/// What the program returns to its caller.
enum Exit : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kBadModel = 3,
  kDoesNotFit = 4,
  kInterrupted = 130,
};

/// Prints the error on one line of stderr and gives the exit code of its kind.
int report(const Error& error);

}  // namespace mr::app
