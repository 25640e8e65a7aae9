#include <algorithm>
#include <map>

#include "base/quote.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "io/safetensors_index.h"

namespace mr::safetensors {
namespace {

Expected<File> open_one(const std::string& path) {
  MR_TRY(auto mapping, sys::map_file(path));
  auto file = parse(sys::bytes(mapping));
  if (sys::failed(mapping)) {
    return fail(Fault::bad_model, quote(path) + ": the file shrank while it was read");
  }
  if (!file) return fail_at(quote(path), std::move(file).error());
  file->path = path;
  file->shards.push_back(std::move(mapping));
  return file;
}

// A file of the index: a name in the same folder and nothing else.
bool is_plain_name(std::string_view name) {
  return name.ends_with(".safetensors") && name.size() <= 255 && !name.starts_with('.') &&
         name.find('/') == name.npos && name.find('\0') == name.npos;
}

// The names of the tensors that each file should hold.
using WeightMap = std::map<std::string, std::vector<std::string>, std::less<>>;

Expected<WeightMap> read_weight_map(const boost::json::object& index) {
  MR_TRY(const auto* entries, json::get<const boost::json::object*>(index, "weight_map"));
  WeightMap map;
  for (const auto& [tensor, file] : *entries) {
    if (!file.is_string() || !is_plain_name(file.get_string())) {
      return fail(Fault::bad_model, "weight_map: " + quote(tensor) +
                                        ": wanted the name of a .safetensors file beside this");
    }
    map[std::string(file.get_string())].emplace_back(tensor);
  }
  if (map.empty() || map.size() > kMaxShards) {
    return fail(Fault::bad_model, "weight_map: wanted 1 to " + std::to_string(kMaxShards) +
                                      " files, found " + std::to_string(map.size()));
  }
  return map;
}

Expected<void> append_shard(File& model, const std::string& path,
                            const std::vector<std::string>& names) {
  MR_TRY(auto shard, open_one(path));
  for (const std::string& name : names) {
    if (find_tensor(shard, name) == nullptr) {
      return fail(Fault::bad_model,
                  quote(path) + ": tensor " + quote(name) + ": wanted by the index, not found");
    }
  }
  for (Tensor& tensor : shard.tensors) {
    tensor.shard = static_cast<std::uint32_t>(model.shards.size());
    model.tensors.push_back(std::move(tensor));
  }
  if (model.shards.empty()) model.metadata = std::move(shard.metadata);
  model.shards.push_back(std::move(shard.shards.front()));
  if (model.tensors.size() <= kMaxTensors) return {};
  return fail(Fault::bad_model, quote(path) + ": more than 262144 tensors in all shards");
}

Expected<File> open_index(const std::string& path) {
  MR_TRY(const auto document, json::read_file(path));
  const auto map = json::root_object(document).and_then(
      [](const boost::json::object* root) { return read_weight_map(*root); });
  if (!map) return fail_at(quote(path), map.error());
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "" : path.substr(0, slash + 1);
  File model;
  model.path = path;
  for (const auto& [name, tensors] : *map) {
    MR_TRY_VOID(append_shard(model, folder + name, tensors));
  }
  auto indexed = index_names(model);
  if (!indexed) return fail_at(quote(path), std::move(indexed).error());
  return model;
}

}  // namespace

Expected<File> open(const std::string& path) {
  return path.ends_with(".json") ? open_index(path) : open_one(path);
}

bool failed(const File& file) {
  return std::ranges::any_of(file.shards, [](const auto& shard) { return sys::failed(shard); });
}

const Tensor* find_tensor(const File& file, std::string_view name) {
  const auto at = std::ranges::lower_bound(file.by_name, name, {}, [&](std::uint32_t i) {
    return std::string_view(file.tensors[i].name);
  });
  if (at == file.by_name.end() || file.tensors[*at].name != name) return nullptr;
  return &file.tensors[*at];
}

}  // namespace mr::safetensors
