#include "sys/numa.h"

#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "sys/text_file.h"

namespace mr::sys {
namespace {

constexpr int kMostNodes = 1024;
constexpr std::size_t kMostProcessors = CPU_SETSIZE;
constexpr const char* kNodes = "/sys/devices/system/node/";

std::vector<int> list_of(const std::string& path) {
  return numbers_of_list(read_text(path).value_or(""));
}

Error refused(const char* what) {
  return {Fault::failed, std::string(what) + ": " + std::strerror(errno)};
}

Expected<void> distribute(const std::vector<int>& nodes) {
  constexpr std::size_t kBits = 8 * sizeof(unsigned long);
  unsigned long mask[kMostNodes / kBits] = {};
  for (const int node : nodes) {
    const auto i = static_cast<std::size_t>(node);
    if (node < kMostNodes) mask[i / kBits] |= 1UL << (i % kBits);
  }
  if (syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, mask, kMostNodes) == 0) return {};
  return tl::unexpected<Error>(refused("memory on all nodes"));
}

Expected<void> isolate() {
  unsigned processor = 0;
  unsigned node = 0;
  if (getcpu(&processor, &node) != 0) return tl::unexpected<Error>(refused("node"));
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    return tl::unexpected<Error>(refused("processors"));
  }
  cpu_set_t own;
  CPU_ZERO(&own);
  for (const int i : list_of(kNodes + ("node" + std::to_string(node)) + "/cpulist")) {
    const auto at = static_cast<std::size_t>(i);
    if (at < kMostProcessors && CPU_ISSET(at, &allowed)) CPU_SET(at, &own);
  }
  if (sched_setaffinity(0, sizeof own, &own) == 0) return {};
  return tl::unexpected<Error>(refused("processors of one node"));
}

}  // namespace

std::vector<int> numbers_of_list(const std::string& text) {
  constexpr int kMost = 1 << 16;
  std::vector<int> all;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end && *at != '\n') {
    int first = 0;
    const auto begin = std::from_chars(at, end, first);
    if (begin.ec != std::errc{}) return {};
    int last = first;
    at = begin.ptr;
    if (at < end && *at == '-') {
      const auto rest = std::from_chars(at + 1, end, last);
      if (rest.ec != std::errc{}) return {};
      at = rest.ptr;
    }
    if (first < 0 || last < first || last > kMost) return {};
    for (int i = first; i <= last; ++i) all.push_back(i);
    if (at < end && *at == ',') ++at;
  }
  return all;
}

std::vector<int> memory_nodes(const std::string& root) {
  return list_of(root + kNodes + "online");
}

Expected<void> place(Placing placing) {
  const std::vector<int> nodes = memory_nodes();
  if (placing == Placing::as_it_is || nodes.size() < 2) return {};
  return placing == Placing::distribute ? distribute(nodes) : isolate();
}

}  // namespace mr::sys
