#include "sys/host.h"

#include <charconv>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include "sys/text_file.h"

namespace mr::sys {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(kSpace)));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

template <typename T>
T number(std::string_view text) {
  T value{};
  text = trimmed(text);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string line_of(const std::string& path) {
  const std::string text = read_text(path).value_or("");
  return std::string(trimmed(std::string_view(text).substr(0, text.find('\n'))));
}

/// The processors of /proc/cpuinfo, blocks of lines "key : value".
void read_processors(const std::string& path, Host& host) {
  const std::string text = read_text(path).value_or("");
  std::string_view rest = text;
  std::set<std::pair<int, int>> cores;
  int package = 0;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string_view key = trimmed(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (key == "processor") ++host.n_processors;
    if (key == "model name") host.cpu = value;
    if (key == "physical id") package = number<int>(value);
    if (key == "core id") cores.emplace(package, number<int>(value));
  }
  host.n_cores = static_cast<int>(cores.size());
}

std::uint64_t memory_of(const std::string& path) {
  const std::string text = read_text(path).value_or("");
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = take_line(rest);
    if (!line.starts_with("MemTotal:")) continue;
    line.remove_prefix(9);
    return number<std::uint64_t>(line) * 1024;
  }
  return 0;
}

/// The choice in brackets of a list as "always [madvise] never".
std::string chosen(const std::string& list) {
  const std::size_t begin = list.find('[');
  const std::size_t end = list.find(']');
  if (begin == list.npos || end == list.npos || end < begin) return "";
  return list.substr(begin + 1, end - begin - 1);
}

int count_nodes(const std::string& folder) {
  int n = 0;
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.size() > 4 && name.starts_with("node") && name[4] >= '0' && name[4] <= '9') ++n;
  }
  return n;
}

}  // namespace

Host read_host(const std::string& root) {
  Host host;
  read_processors(root + "/proc/cpuinfo", host);
  host.memory_bytes = memory_of(root + "/proc/meminfo");
  host.n_nodes = count_nodes(root + "/sys/devices/system/node");
  host.transparent_huge_pages =
      chosen(line_of(root + "/sys/kernel/mm/transparent_hugepage/enabled"));
  host.n_reserved_huge_pages = number<std::uint64_t>(line_of(root + "/proc/sys/vm/nr_hugepages"));
  host.governor = line_of(root + "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  host.load = number<double>(line_of(root + "/proc/loadavg"));
  return host;
}

}  // namespace mr::sys
