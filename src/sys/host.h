#pragma once
#include <cstdint>
#include <string>

namespace mr::sys {

/// What the kernel says of the machine; 0 and "" where it says nothing.
struct Host {
  std::string cpu;                     ///< its name
  int n_processors = 0;                ///< online: threads of cores
  int n_cores = 0;                     ///< physical
  int n_nodes = 0;                     ///< of memory (NUMA)
  std::uint64_t memory_bytes = 0;      ///< of the whole machine
  std::string transparent_huge_pages;  ///< "always", "madvise" or "never"
  std::uint64_t n_reserved_huge_pages = 0;
  std::string governor;  ///< of the first processor's clock
  double load = 0;       ///< processes that ran or waited, mean of the last minute
};

/// Read from /proc and /sys below `root`. Cost: some small files.
Host read_host(const std::string& root = "");

}  // namespace mr::sys
