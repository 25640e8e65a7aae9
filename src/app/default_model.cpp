#include "app/default_model.h"

#include <filesystem>
#include <vector>

#include "sys/text_file.h"

namespace mr::app {
namespace {

namespace fs = std::filesystem;

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Expected<std::string> default_model() {
  std::string looked;
  for (const std::string& folder : model_folders()) {
    const std::string list = folder + "/default";
    const std::string named = first_line(sys::read_text(list).value_or(""));
    if (!named.empty()) return (fs::path(folder) / named).lexically_normal().string();
    looked += (looked.empty() ? "" : ", ") + list;
  }
  return fail(Fault::bad_model,
              "no model named: wanted -m MODEL or a shipped model; looked for " + looked);
}

std::vector<std::string> model_folders() {
  std::vector<std::string> folders;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    folders.push_back((program.parent_path() / "models").string());
    folders.push_back((program.parent_path() / "../../models").lexically_normal().string());
  }
  folders.emplace_back("models");
  return folders;
}

}  // namespace mr::app
