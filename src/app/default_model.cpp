#include "app/default_model.h"

#include <filesystem>
#include <vector>

#include "sys/text_file.h"

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

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Expected<std::string> default_model() {
  std::string looked;
  for (const fs::path& folder : model_folders()) {
    const std::string named = first_line(sys::read_text(folder / "default").value_or(""));
    if (!named.empty()) return (folder / named).lexically_normal().string();
    looked += (looked.empty() ? "" : ", ") + (folder / "default").lexically_normal().string();
  }
  return fail(Fault::bad_model,
              "no model named: wanted -m MODEL or a shipped model; looked for " + looked);
}

}  // namespace mr::app
