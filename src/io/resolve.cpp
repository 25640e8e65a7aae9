#include "io/resolve.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "base/quote.h"
#include "io/foreign.h"
#include "sys/mapped_file.h"
#include "sys/text_file.h"

namespace mr::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxEntries = 10000;  // of a folder

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

std::string file_if_there(const fs::path& folder, const char* name) {
  const fs::path path = folder / name;
  return is_file(path) ? path.string() : "";
}

ModelFiles beside(const fs::path& folder, std::string weights) {
  return {.format = Format::safetensors,
          .weights = std::move(weights),
          .config = file_if_there(folder, "config.json"),
          .generation_config = file_if_there(folder, "generation_config.json"),
          .tokenizer = file_if_there(folder, "tokenizer.json"),
          .tokenizer_config = file_if_there(folder, "tokenizer_config.json"),
          .chat_template = file_if_there(folder, "chat_template.jinja")};
}

ModelFiles only_gguf(std::string weights) {
  ModelFiles files;
  files.weights = std::move(weights);
  return files;
}

Expected<ModelFiles> resolve_file(const std::string& path) {
  if (path.ends_with(".index.json")) return beside(fs::path(path).parent_path(), path);
  MR_TRY(const auto file, sys::map_file(path));
  const auto bytes = sys::bytes(file);
  if (starts_with(bytes, "GGUF")) return only_gguf(path);
  const std::string found = describe_foreign(bytes);
  if (found == "a safetensors file") return beside(fs::path(path).parent_path(), path);
  return fail(Fault::bad_model,
              quote(path) + ": wanted a GGUF or safetensors file, found " + found);
}

// The names of the regular files of a folder, sorted.
Expected<std::vector<std::string>> list(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (names.size() == kMaxEntries) break;
    if (is_file(at->path())) names.push_back(at->path().filename().string());
  }
  if (error) {
    return fail(Fault::bad_model, "cannot read " + quote(folder.string()) + ": " + error.message());
  }
  std::ranges::sort(names);
  return names;
}

/// Whether a file is no model of its own: a later shard, or what llama.cpp sees pictures with.
bool is_part(const std::string& name) {
  return (name.find("-of-") != name.npos && name.find("-00001-of-") == name.npos) ||
         name.starts_with("mmproj");
}

std::vector<std::string> with_ending(const std::vector<std::string>& names,
                                     std::string_view ending) {
  std::vector<std::string> found;
  std::ranges::copy_if(names, std::back_inserter(found), [&](const std::string& name) {
    return name.ends_with(ending) && !is_part(name);
  });
  return found;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// Whether a file's name has this quantization in it as a word: "q4_k_m" in "x-7b-Q4_K_M.gguf".
bool has_quant(const std::string& name, const std::string& quant) {
  const std::string text = lower(name);
  const std::string wanted = lower(quant);
  for (std::size_t at = text.find(wanted); at != text.npos; at = text.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
      return true;
    }
  }
  return false;
}

/// The GGUF file of a folder with that quantization.
Expected<ModelFiles> resolve_quant(const fs::path& folder, const std::string& quant) {
  MR_TRY(const auto names, list(folder));
  auto found = with_ending(names, ".gguf");
  std::string all;
  for (const std::string& name : found) all += (all.empty() ? "" : ", ") + quote(name);
  std::erase_if(found, [&](const std::string& name) { return !has_quant(name, quant); });
  if (found.size() == 1) return only_gguf((folder / found[0]).string());
  return fail(Fault::bad_model, quote(folder.string()) + ": wanted one GGUF file of " +
                                    quote(quant) + ", found " + std::to_string(found.size()) +
                                    " among " + (all.empty() ? "none" : all));
}

/// What `org/name` without a quantization means where there are several, as for llama.cpp.
constexpr const char* kUsualQuant = "Q4_K_M";

Expected<ModelFiles> resolve_folder(const fs::path& folder) {
  const std::string index = file_if_there(folder, "model.safetensors.index.json");
  if (!index.empty()) return beside(folder, index);
  MR_TRY(const auto names, list(folder));
  const auto where = [&](const std::string& name) { return (folder / name).string(); };
  for (const char* ending : {".safetensors", ".gguf"}) {
    const auto found = with_ending(names, ending);
    if (found.size() > 1 && std::ranges::find(found, "model.safetensors") == found.end()) {
      if (auto usual = resolve_quant(folder, kUsualQuant)) return usual;
      return fail(Fault::bad_model,
                  quote(folder.string()) + ": wanted one model, found " + quote(found[0]) + ", " +
                      quote(found[1]) +
                      " and perhaps more: name the file, or the quantization as in "
                      "org/name:Q8_0");
    }
    if (found.empty()) continue;
    if (ending == std::string_view(".gguf")) return only_gguf(where(found[0]));
    return beside(folder, where(found.size() > 1 ? "model.safetensors" : found[0]));
  }
  for (const char* ending : {".bin", ".pt", ".pth", ".ckpt"}) {
    const auto found = with_ending(names, ending);
    if (found.empty()) continue;
    return fail(Fault::bad_model, quote(where(found[0])) +
                                      ": PyTorch files can run code and are not read; wanted "
                                      "safetensors or GGUF");
  }
  return fail(Fault::bad_model,
              quote(folder.string()) + ": wanted a .safetensors or .gguf file, found none");
}

// One part of `org/name`, as the hub allows it; so it can never leave its place in a path.
bool is_hub_part(std::string_view part) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !part.empty() && part.size() <= 96 && std::ranges::all_of(part, fits) &&
         part.front() != '.' && part.front() != '-' && part.find("..") == part.npos;
}

std::optional<std::string> hub_folder(const std::string& name) {
  const std::size_t slash = name.find('/');
  if (slash == name.npos) return std::nullopt;
  const std::string_view org = std::string_view(name).substr(0, slash);
  const std::string_view model = std::string_view(name).substr(slash + 1);
  if (!is_hub_part(org) || !is_hub_part(model)) return std::nullopt;
  return "models--" + std::string(org) + "--" + std::string(model);
}

// The snapshot of a hub folder that has no branch "main": one that was asked for by its commit.
Expected<fs::path> only_snapshot(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator() && found.size() < 2; at.increment(error)) {
    if (is_folder(at->path())) found.push_back(at->path());
  }
  if (found.size() == 1) return found[0];
  return fail(Fault::bad_model, quote(folder.string()) +
                                    ": wanted ../refs/main or one snapshot, found " +
                                    (found.empty() ? "no snapshot" : "several"));
}

Expected<fs::path> main_snapshot(const fs::path& folder) {
  const std::string ref = (folder / "refs" / "main").string();
  if (!is_file(ref)) return only_snapshot(folder / "snapshots");
  MR_TRY(const auto text, sys::read_text(ref, 256));
  const std::string commit = text.substr(0, text.find_first_of(" \r\n"));
  if (!is_hub_part(commit)) {
    return fail(Fault::bad_model, quote(ref) + ": wanted a commit, found " + quote(commit));
  }
  return folder / "snapshots" / commit;
}

Expected<ModelFiles> resolve_snapshot(const fs::path& folder, const std::string& quant) {
  MR_TRY(const fs::path snapshot, main_snapshot(folder));
  return quant.empty() ? resolve_folder(snapshot) : resolve_quant(snapshot, quant);
}

}  // namespace

std::string hub_cache() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const std::string place = variable(name); !place.empty()) return place;
  }
  if (const std::string home = variable("HF_HOME"); !home.empty()) return home + "/hub";
  const std::string xdg = variable("XDG_CACHE_HOME");
  return (xdg.empty() ? variable("HOME") + "/.cache" : xdg) + "/huggingface/hub";
}

Expected<ModelFiles> resolve_model(const std::string& name, const std::string& cache) {
  if (name.empty() || name.find('\0') != name.npos) {
    return fail(Fault::bad_model, "wanted the name of a model, found " + quote(name));
  }
  if (is_folder(name)) return resolve_folder(name);
  std::error_code error;
  const bool exists = fs::exists(name, error);
  const std::size_t colon = name.find(':');
  const std::string quant = colon == name.npos ? "" : name.substr(colon + 1);
  const auto folder = hub_folder(name.substr(0, colon));
  if (exists || !folder) return resolve_file(name);
  const fs::path place = fs::path(cache) / *folder;
  if (is_folder(place)) return resolve_snapshot(place, quant);
  return fail(Fault::bad_model, "no file or folder " + quote(name) +
                                    ", and no model of that name in the Hugging Face cache " +
                                    quote(cache));
}

}  // namespace mr::io
