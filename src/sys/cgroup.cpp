#include "sys/cgroup.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace mr::sys {
namespace {

/// The start of a small file, empty where it cannot be read.
std::string read_small(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {};
  std::array<char, 4096> text{};
  const std::size_t n = std::fread(text.data(), 1, text.size(), file);
  std::fclose(file);
  return {text.data(), n};
}

/// Version 2 keeps "QUOTA PERIOD" or "max PERIOD" in one file, version 1 each number in its own.
std::optional<double> quota(const std::string& folder) {
  std::string text = read_small(folder + "/cpu.max");
  if (text.empty()) {
    text =
        read_small(folder + "/cpu.cfs_quota_us") + ' ' + read_small(folder + "/cpu.cfs_period_us");
  }
  double spent = 0;
  double period = 0;
  if (std::sscanf(text.c_str(), "%lf %lf", &spent, &period) != 2) return std::nullopt;
  if (!(spent > 0 && period > 0)) return std::nullopt;
  return spent / period;
}

/// The smallest quota from `path` up to the root of the hierarchy that is mounted at `mount`.
std::optional<double> smallest_quota(const std::string& mount, std::string path) {
  std::optional<double> smallest;
  while (true) {
    const auto here = quota(mount + path);
    if (here) smallest = std::min(*here, smallest.value_or(*here));
    if (path.empty()) return smallest;
    path.resize(std::min(path.size() - 1, path.rfind('/')));
  }
}

/// Whether "cpu" stands in a list as "cpu,cpuacct".
bool names_cpu(std::string_view list) {
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    if (name == "cpu") return true;
    list.remove_prefix(std::min(list.size(), name.size() + 1));
  }
  return false;
}

}  // namespace

std::optional<double> cgroup_limit(const std::string& membership, const std::string& mount) {
  const std::string text = read_small(membership);
  std::string_view rest = text;
  while (!rest.empty()) {  // lines are ID:CONTROLLERS:PATH
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string controllers(line.substr(first + 1, second - first - 1));
    const std::string path(line.substr(second + 1));
    if (!controllers.empty() && !names_cpu(controllers)) continue;
    std::string hierarchy = mount;
    if (!controllers.empty()) hierarchy += '/' + controllers;
    const auto limit = smallest_quota(hierarchy, path);
    if (limit) return limit;
  }
  return std::nullopt;
}

}  // namespace mr::sys
