#pragma once
#include <atomic>
#include <memory>

#include "api/guard.h"
#include "api/loop.h"
#include "api/metrics.h"
#include "api/quota.h"
#include "api/response_store.h"
#include "api/served.h"

namespace mr::api {

/// Everything that answers are made from.
/// Threads: any; `served` does not change while the server runs.
struct Service {
  Served served;
  Guard guard;
  Metrics metrics;
  ResponseStore responses;
  Quota quota;
  std::unique_ptr<Loop> loop;
  std::atomic<bool> draining{false};
};

}  // namespace mr::api
