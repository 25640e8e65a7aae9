#include "app/model_list.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <set>

#include "app/columns.h"
#include "app/default_model.h"
#include "app/exit.h"
#include "app/shown_model.h"
#include "base/size_text.h"
#include "base/utf8.h"
#include "io/resolve.h"

namespace mr::app {
namespace {

namespace fs = std::filesystem;
namespace bj = boost::json;

constexpr int kMaxDepth = 4;
constexpr int kMaxEntries = 100'000;

bool is_later_shard(const std::string& name) {
  return name.find("-of-") != name.npos && name.find("-00001-of-") == name.npos;
}

/// The GGUF files and the safetensors in and below a folder: of one model its folder.
std::set<std::string> models_below(const fs::path& folder) {
  std::set<std::string> found;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (int n = 0; !error && at != fs::recursive_directory_iterator() && n < kMaxEntries; ++n) {
    if (at.depth() >= kMaxDepth) at.disable_recursion_pending();
    std::error_code ignored;
    const fs::path& path = at->path();
    const std::string name = path.filename().string();
    if (at->is_regular_file(ignored) && !is_later_shard(name)) {
      if (name.ends_with(".gguf")) found.insert(path.string());
      if (name.ends_with(".safetensors")) {
        const bool whole = name == "model.safetensors" || name.find("-of-") != name.npos;
        found.insert((whole ? path.parent_path() : path).string());
      }
    }
    at.increment(error);
  }
  return found;
}

const bj::value* find(const ShownModel& model, const std::string& key) {
  const auto at = std::ranges::find(model.metadata, key, &ShownValue::key);
  return at == model.metadata.end() ? nullptr : &at->value;
}

std::string text_of(const bj::value* value) {
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t integer_of(const bj::value* value) {
  bj::error_code error;
  const auto number = value != nullptr ? value->to_number<std::int64_t>(error) : 0;
  return error ? 0 : number;
}

ListedModel describe(const std::string& name, const std::string& target) {
  ListedModel listed{
      .name = name, .path = target, .error = {}, .format = {}, .type = {}, .architecture = {}};
  const auto shown = read_shown(target);
  if (!shown) {
    listed.error = shown.error().message;
    return listed;
  }
  listed.path = shown->path;
  listed.format = shown->format;
  listed.n_bytes = shown->file_bytes;
  const auto sums = sums_by_type(*shown);
  for (const TypeSum& sum : sums) listed.n_weights += sum.n_elements;
  if (!sums.empty()) listed.type = traits(sums.front().type).name;
  listed.architecture = text_of(find(*shown, "general.architecture"));
  if (listed.architecture.empty()) {
    listed.architecture = text_of(find(*shown, "config.model_type"));
    listed.n_context = integer_of(find(*shown, "config.max_position_embeddings"));
  } else {
    listed.n_context = integer_of(find(*shown, listed.architecture + ".context_length"));
  }
  return listed;
}

/// The models of a hub cache: "models--org--name" is org/name, unless it holds several.
void list_hub(const fs::path& hub, std::vector<ListedModel>& to) {
  std::error_code error;
  fs::directory_iterator at(hub, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::string name = at->path().filename().string();
    if (!name.starts_with("models--")) continue;
    name.erase(0, 8);
    const std::size_t dashes = name.find("--");
    if (dashes == name.npos) continue;
    name.replace(dashes, 2, "/");
    const auto files = io::resolve_model(name, hub.string());
    if (files) {
      to.push_back(describe(name, files->weights));
      continue;
    }
    for (const std::string& path : models_below(at->path() / "snapshots")) {
      to.push_back(describe(path, path));
    }
  }
}

std::string context_text(const ListedModel& model) {
  return model.n_context > 0 ? std::to_string(model.n_context) : "-";
}

std::string as_text(std::span<const ListedModel> models) {
  std::size_t width = 4;
  for (const ListedModel& model : models) width = std::max(width, bare(model.name).size());
  std::string out = padded("NAME", width) + "  SIZE        TYPE   CONTEXT  ARCHITECTURE\n";
  for (const ListedModel& model : models) {
    out += padded(bare(model.name), width) + "  ";
    if (!model.error.empty()) {
      out += "unreadable: " + model.error + "\n";
      continue;
    }
    out += padded(size_text(model.n_bytes), 12) + padded(model.type.empty() ? "-" : model.type, 7) +
           padded(context_text(model), 9) + bare(model.architecture) + "\n";
  }
  return out;
}

std::string as_json(std::span<const ListedModel> models) {
  bj::array all;
  for (const ListedModel& model : models) {
    bj::object object{{"name", to_utf8(model.name)}, {"path", to_utf8(model.path)}};
    if (model.error.empty()) {
      object["format"] = model.format;
      object["bytes"] = model.n_bytes;
      object["weights"] = model.n_weights;
      object["type"] = model.type;
      object["architecture"] = model.architecture;
      object["context"] = model.n_context;
    } else {
      object["error"] = to_utf8(model.error);
    }
    all.push_back(std::move(object));
  }
  return bj::serialize(all) + "\n";
}

}  // namespace

std::vector<ListedModel> list_models(std::span<const std::string> folders, const std::string& hub) {
  std::vector<ListedModel> models;
  std::set<std::string> paths;
  for (const std::string& folder : folders) {
    for (const std::string& path : models_below(folder)) {
      std::error_code error;
      const std::string real = fs::weakly_canonical(path, error).string();
      if (error || paths.insert(real).second) models.push_back(describe(path, path));
    }
  }
  if (!hub.empty()) list_hub(hub, models);
  std::ranges::sort(models, {}, &ListedModel::name);
  return models;
}

int run_list(const ListArgs& args) {
  for (const std::string& folder : args.folders) {
    std::error_code error;
    if (fs::is_directory(folder, error)) continue;
    return report({Fault::bad_request, "ls: wanted a folder, found " + quote(folder)});
  }
  const bool usual = args.folders.empty();
  const std::vector<ListedModel> models =
      list_models(usual ? model_folders() : args.folders, usual ? io::hub_cache() : "");
  std::string out;
  if (args.names) {
    for (const ListedModel& model : models) out += bare(model.name) + "\n";
  } else {
    out = args.json ? as_json(models) : as_text(models);
  }
  if (std::fputs(out.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return kOk;
  return report({Fault::failed, "cannot write to standard output"});
}

}  // namespace mr::app
