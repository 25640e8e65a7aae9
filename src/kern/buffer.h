#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "kern/table.h"

namespace mr::kern {

/// Memory of a device and its owner.
struct Buffer {
  Buffer() = default;
  Buffer(const Device& owner, void* memory, std::size_t size)
      : device(owner), data(memory), bytes(size) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() {
    if (data != nullptr) device.ops->release(device, data, bytes);
  }
  void swap(Buffer& other) noexcept {
    std::swap(device, other.device);
    std::swap(data, other.data);
    std::swap(bytes, other.bytes);
  }

  Device device;
  void* data = nullptr;
  std::size_t bytes = 0;
};

/// `bytes` of uninitialised memory, called `what` in the error.
/// Errors: does_not_fit where the device has not so much.
inline Expected<Buffer> make_buffer(const Device& device, std::size_t bytes,
                                    std::string_view what) {
  void* data = device.ops->allocate(device, bytes);
  if (data == nullptr) {
    return fail(Fault::does_not_fit, std::string(what) + ": wanted " + std::to_string(bytes) +
                                         " bytes of memory, found less");
  }
  return Buffer(device, data, bytes);
}

/// The same memory as numbers.
template <typename T>
T* as(const Buffer& buffer) {
  return static_cast<T*>(buffer.data);
}

}  // namespace mr::kern
