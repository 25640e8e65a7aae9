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

std::vector<std::string> level_names() {
  std::vector<std::string> names;
  for (const LevelInfo& level : levels()) names.emplace_back(level.name);
  return names;
}

Precision precision_of(Level level) {
  const bool is_exact = level == Level::ref || level == Level::cuda;
  if (level == Level::avx512 || level == Level::amx) return Precision::pairs;
  return is_exact ? Precision::fp32 : Precision::quantized;
}

LevelInfo level_named(const std::string& name) {
  for (const LevelInfo& level : levels()) {
    if (level.name == name) return level;
  }
  MR_CHECK(!"a level of that name");
  return {};
}

}  // namespace mr::kern::cases
