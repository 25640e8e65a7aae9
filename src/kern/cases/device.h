#pragma once
#include <memory>

#include "kern/cuda/device.h"
#include "kern/level.h"

/// A device for tests and benchmarks, with its team.
namespace mr::kern::cases {

struct OwnDevice {
  OwnDevice(Level level, int n_threads);  ///< CPU levels run on `n_threads`, 0: on all
  ~OwnDevice();
  OwnDevice(const OwnDevice&) = delete;
  OwnDevice& operator=(const OwnDevice&) = delete;

  std::unique_ptr<sys::Team> team;
  Device device;
};

}  // namespace mr::kern::cases
