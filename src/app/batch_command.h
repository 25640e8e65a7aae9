#pragma once
#include "api/batch.h"
#include "app/service_setup.h"

namespace mr::app {

struct BatchArgs {
  ServiceArgs service;
  api::BatchFiles files = {};
};

/// `millrace batch`: answers a file of requests. Returns the exit code.
int run_batch(const BatchArgs& args);

}  // namespace mr::app
