#include "sys/memory.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

#include "sys/text_file.h"

namespace mr::sys {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// The number after `key` in a file of lines `key number`, or alone in its file where key is empty.
std::optional<std::uint64_t> number_in(const std::string& path, const std::string& key) {
  const std::string text = read_text(path).value_or("");
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = take_line(rest);
    if (!line.starts_with(key)) continue;
    line.remove_prefix(std::min(line.size(), line.find_first_of("0123456789", key.size())));
    std::uint64_t value = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), value).ec == std::errc{}) {
      return value;
    }
  }
  return std::nullopt;
}

/// What one cgroup has left: its limit less its use, where page cache that can go does not count.
std::uint64_t left_in_cgroup(const std::string& folder) {
  auto limit = number_in(folder + "/memory.max", "");
  auto used = number_in(folder + "/memory.current", "");
  auto cache = number_in(folder + "/memory.stat", "inactive_file");
  if (!limit) {  // version 1
    limit = number_in(folder + "/memory.limit_in_bytes", "");
    used = number_in(folder + "/memory.usage_in_bytes", "");
    cache = number_in(folder + "/memory.stat", "total_inactive_file");
  }
  if (!limit || !used) return kNoLimit;
  const std::uint64_t held = *used - std::min(*used, cache.value_or(0));
  return *limit - std::min(*limit, held);
}

/// The folders of this process's memory cgroup and of those above it.
std::uint64_t left_in_cgroups(const std::string& root) {
  const std::string text = read_text(root + "/proc/self/cgroup").value_or("");
  std::string_view rest = text;
  std::uint64_t left = kNoLimit;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    const bool unified = line.starts_with("0::");
    const auto controllers = line.find(":memory:");
    if (!unified && controllers == std::string::npos) continue;
    const std::string base = root + (unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory");
    std::string path(line.substr(unified ? 3 : controllers + 8));
    while (true) {
      left = std::min(left, left_in_cgroup(base + path));
      if (path.empty() || path == "/") break;
      path.resize(path.find_last_of('/'));
    }
  }
  return left;
}

}  // namespace

std::uint64_t available_memory(const std::string& root) {
  const auto available_kib = number_in(root + "/proc/meminfo", "MemAvailable:");
  const std::uint64_t machine = available_kib ? *available_kib * 1024 : kNoLimit;
  const std::uint64_t least = std::min(machine, left_in_cgroups(root));
  return least == kNoLimit ? 0 : least;
}

}  // namespace mr::sys
