#pragma once
#include <memory>
#include <string>
#include <vector>

#include "kern/cases/case.h"
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

/// The names of all levels, which tests take as parameters and leave out where they do not run.
std::vector<std::string> level_names();

/// What the level multiplies with.
Precision precision_of(Level level);

/// The level of a name.
LevelInfo level_named(const std::string& name);

}  // namespace mr::kern::cases
