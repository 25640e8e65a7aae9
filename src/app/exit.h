#pragma once
#include "base/error.h"

namespace mr::app {

// What the program returns to its caller.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kBadModel = 3;
inline constexpr int kDoesNotFit = 4;
inline constexpr int kInterrupted = 130;

/// Prints the error on one line of stderr and gives the exit code of its kind.
int report(const Error& error);

}  // namespace mr::app
