#pragma once
#include <cstdint>
#include <cstdio>
#include <string>

namespace mr {

/// A number of bytes as a person reads it: "1.50 GiB".
inline std::string size_text(std::uint64_t n) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(n);
  std::size_t unit = 0;
  for (; size >= 1024 && unit < 4; ++unit) size /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.2f %s", size, kUnits[unit]);
  return text;
}

}  // namespace mr
