#pragma once
#include <cstdarg>
#include <cstdint>
#include <cstdio>

/// What the program tells of itself, line by line on stderr. Texts of models and the error that
/// ends a program are no part of it.
namespace mr::log {

enum class Level : std::uint8_t { silent, error, warning, info };

enum class Colours : std::uint8_t { automatic, on, off };

struct Settings {
  Level most = Level::info;              ///< what is more talkative is not told
  std::FILE* file = nullptr;             ///< where it is written too
  Colours colours = Colours::automatic;  ///< on stderr
};

/// Set while flags are read, before there are threads.
inline Settings settings;

inline bool tells(Level level) {
  return level <= settings.most;
}

/// Tells one line; what is longer than 4,000 bytes is cut. Threads: any.
[[gnu::format(printf, 2, 3)]] inline void say(Level level, const char* format, ...) {
  if (!tells(level)) return;
  char line[4096];
  std::va_list args;
  va_start(args, format);
  std::vsnprintf(line, sizeof line, format, args);
  va_end(args);
  std::fprintf(stderr, "millrace: %s\n", line);
  if (settings.file == nullptr) return;
  std::fprintf(settings.file, "millrace: %s\n", line);
  std::fflush(settings.file);
}

}  // namespace mr::log
