#ifndef MILLRACE_CUDA
#include "kern/cuda/device.h"

namespace mr::kern::cuda {

constexpr const char* kMissing = "the program was built without CUDA";

bool available(std::string* why) {
  *why = kMissing;
  return false;
}

const Table* table() {
  return nullptr;
}

Expected<Device> make_device() {
  return fail(Fault::failed, kMissing);
}

std::size_t free_memory() {
  return 0;
}

void release_device(Device&) {}

Expected<void> check(const Device&) {
  return fail(Fault::failed, kMissing);
}

}  // namespace mr::kern::cuda
#endif
