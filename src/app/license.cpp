#include "app/license.h"

#include <filesystem>
#include <string_view>

#include "app/words.h"
#include "io/gguf.h"
#include "io/resolve.h"
#include "sys/text_file.h"

namespace mr::app {
namespace {

/// The license in the YAML that a model card begins with.
std::string named_in_card(std::string_view card) {
  constexpr std::string_view kFence = "---";
  constexpr std::string_view kKey = "license:";
  if (trimmed(sys::take_line(card)) != kFence) return "";
  while (!card.empty()) {
    const std::string_view line = sys::take_line(card);
    if (trimmed(line) == kFence) break;
    if (line.starts_with(kKey)) return std::string(trimmed(line.substr(kKey.size())));
  }
  return "";
}

Expected<std::string> license_of_folder(const std::filesystem::path& folder) {
  std::error_code error;
  for (const char* name : {"LICENSE", "LICENSE.txt", "LICENSE.md"}) {
    if (std::filesystem::exists(folder / name, error)) {
      return sys::read_text((folder / name).string());
    }
  }
  if (!std::filesystem::exists(folder / "README.md", error)) return std::string();
  MR_TRY(const std::string card, sys::read_text((folder / "README.md").string()));
  return named_in_card(card);
}

Expected<std::string> license_of_gguf(const std::string& path) {
  MR_TRY(const gguf::File file, gguf::open(path));
  std::string out;
  for (const char* key : {"general.license", "general.license.name", "general.license.link"}) {
    MR_TRY(const auto value, gguf::get_optional<std::string>(file, key));
    if (value && !value->empty()) out += (out.empty() ? "" : "\n") + *value;
  }
  return out;
}

}  // namespace

Expected<std::string> license_of(const std::string& path) {
  MR_TRY(const io::ModelFiles files, io::resolve_model(path));
  if (files.format == io::Format::gguf) return license_of_gguf(files.weights);
  return license_of_folder(std::filesystem::path(files.config).parent_path());
}

}  // namespace mr::app
