#pragma once
#include <cstdint>
#include <string>

namespace mr::sys {

/// Bytes that this process may still take without swapping or being killed: what the kernel calls
/// available, or what its cgroup has left where that is less. 0 where nothing says.
/// `root` stands for `/`, so that tests can show it other machines.
std::uint64_t available_memory(const std::string& root = "");

}  // namespace mr::sys
