#pragma once
#include <fstream>
#include <sstream>
#include <string>

/// Files that tests read.
namespace mr::text {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Of the tokenizers that tests bring along.
inline std::string tokenizers_folder() {
  return MILLRACE_SOURCE_DIR "/tests/data/tokenizers/";
}

}  // namespace mr::text
