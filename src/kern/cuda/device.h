#pragma once
#include <cstddef>
#include <string>

#include "base/error.h"
#include "kern/table.h"

/// The level of NVIDIA GPUs of compute capability 9.0: one plain kernel for every operation.
///
/// CUDA reports most failures late, at a call that has nothing to do with them, and after one of
/// them the device computes nothing more. So each device keeps the first failure with the name of
/// the operation, `check` tells it, and since results leave the device by Table::download and
/// Table::synchronize alone, these two end the process with that line (exit code 1) rather than
/// let anybody read what was never computed.
namespace mr::kern::cuda {

/// Whether this machine has a device that the kernels run on; if not, `why` says what is missing.
bool available(std::string* why);

/// The operations; null where the program was built without CUDA.
const Table* table();

/// The first device of the machine with a stream of its own.
/// Errors: failed where there is none that the kernels run on.
/// Threads: one caller at a time may use a device.
Expected<Device> make_device();

/// Bytes of the first device's memory that nobody holds; 0 where there is no device.
std::size_t free_memory();

/// Waits for the device's work and gives the stream back. All memory has been released before.
void release_device(Device& device);

/// Waits for everything put on the device so far.
/// Errors: failed with the first failure since the device was made.
Expected<void> check(const Device& device);

}  // namespace mr::kern::cuda
