#include "app/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/log.h"

namespace mr::app {
namespace {

constexpr std::int64_t kBarWidth = 24;

}  // namespace

Progress make_progress(std::string label) {
  Progress progress{.label = std::move(label)};
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  progress.terminal = isatty(STDERR_FILENO) != 0 && !dumb;
  return progress;
}

void show(Progress& progress, std::int64_t done, std::int64_t total, const std::string& note) {
  const auto now = std::chrono::steady_clock::now();
  const auto pause = progress.terminal ? std::chrono::milliseconds(100) : std::chrono::seconds(5);
  if (now - progress.shown < pause || !log::tells(log::Level::info)) return;
  progress.shown = now;
  const double spent = std::chrono::duration<double>(now - progress.start).count();
  const auto n_done = static_cast<double>(std::max<std::int64_t>(done, 1));
  const double left = spent / n_done * static_cast<double>(total - done);
  if (!progress.terminal) {
    log::say(log::Level::info, "%s %lld of %lld, %.0f s left%s", progress.label.c_str(),
             static_cast<long long>(done), static_cast<long long>(total), left, note.c_str());
    return;
  }
  const auto filled = static_cast<std::size_t>(done * kBarWidth / total);
  std::string bar(filled, '#');
  bar.resize(kBarWidth, '.');
  std::fprintf(stderr, "\r%s [%s] %lld/%lld, %.0f s left%s\033[K", progress.label.c_str(),
               bar.c_str(), static_cast<long long>(done), static_cast<long long>(total), left,
               note.c_str());
  progress.drawn = true;
}

void clear(Progress& progress) {
  if (progress.drawn) std::fprintf(stderr, "\r\033[K");
  progress.drawn = false;
}

}  // namespace mr::app
