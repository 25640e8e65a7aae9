#include "app/exit.h"

#include <cstdio>

namespace mr::app {

int report(const Error& error) {
  std::fprintf(stderr, "millrace: %s\n", error.message.c_str());
  switch (error.fault) {
    case Fault::failed:
      return kFailed;
    case Fault::bad_request:
      return kUsage;
    case Fault::bad_model:
      return kBadModel;
    case Fault::does_not_fit:
      return kDoesNotFit;
    case Fault::cancelled:
      return kInterrupted;
  }
  return kFailed;
}

}  // namespace mr::app
