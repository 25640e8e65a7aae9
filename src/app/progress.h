#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace mr::app {

/// Progress of long work on stderr: a bar on a terminal, elsewhere a line every five seconds.
struct Progress {
  std::string label;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown = start;
  bool terminal = false;
  bool drawn = false;
};

Progress make_progress(std::string label);

/// `done` of `total` steps are done; `note` is put behind.
void show(Progress& progress, std::int64_t done, std::int64_t total, const std::string& note);

/// Takes the bar away.
void clear(Progress& progress);

}  // namespace mr::app
