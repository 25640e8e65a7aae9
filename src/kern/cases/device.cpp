#include "kern/cases/device.h"

namespace mr::kern::cases {

OwnDevice::OwnDevice(Level level, int n_threads) {
  if (level == Level::cuda) {
    auto made = cuda::make_device();
    MR_CHECK(made.has_value());
    device = *made;
  } else {
    auto made = sys::make_team(n_threads);
    MR_CHECK(made.has_value());
    team = std::move(*made);
    device = cpu_device(level, *team);
  }
}

OwnDevice::~OwnDevice() {
  if (device.stream != nullptr) cuda::release_device(device);
}

}  // namespace mr::kern::cases
