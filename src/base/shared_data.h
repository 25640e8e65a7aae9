#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

namespace mr {

/// For tests: the folder of the shared test data (MILLRACE_DATA), or "" where it is not there.
inline std::string shared_data() {
  const char* place = std::getenv("MILLRACE_DATA");
  const std::string path = place != nullptr ? place : MILLRACE_SOURCE_DIR "/../shared/data";
  return std::filesystem::is_directory(path) ? path : "";
}

}  // namespace mr
