#include "app/default_model.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace mr::app {
namespace {

namespace fs = std::filesystem;

/// `models` beside the program, where a release archive has it, then of the checkout around
/// build/<preset>/, then of the working folder.
std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    folders.push_back(program.parent_path() / "models");
    folders.push_back(program.parent_path() / "../../models");
  }
  folders.emplace_back("models");
  return folders;
}

}  // namespace

Expected<std::string> default_model() {
  if (const char* named = std::getenv("MILLRACE_MODEL"); named != nullptr && *named != '\0') {
    return std::string(named);
  }
  std::string looked;
  for (const fs::path& folder : model_folders()) {
    std::ifstream file(folder / "default");
    std::string line;
    if (std::getline(file, line) && !line.empty()) {
      return (folder / line).lexically_normal().string();
    }
    looked += (looked.empty() ? "" : ", ") + (folder / "default").lexically_normal().string();
  }
  return fail(
      Fault::bad_model,
      "no model named: wanted -m MODEL, MILLRACE_MODEL or a shipped model; looked for " + looked);
}

}  // namespace mr::app
