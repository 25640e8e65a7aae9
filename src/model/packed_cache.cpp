#include "model/packed_cache.h"

#include <xxhash.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/quote.h"
#include "sys/file_state.h"

namespace mr::model {
namespace {

namespace fs = std::filesystem;

/// Goes up whenever packing changes, in whatever type.
constexpr int kLayout = 1;

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, value);
  return text;
}

const std::vector<sys::MappedFile>& shards_of(const Source& source) {
  return source.gguf != nullptr ? source.gguf->shards : source.checkpoint->weights.shards;
}

/// Bytes before the first tensor of a file: its header and its table of tensors.
std::span<const std::byte> header_of(const Source& source, const sys::MappedFile& shard) {
  std::span header = sys::bytes(shard);
  const auto cut = [&](const auto& tensors) {
    for (const auto& tensor : tensors) {
      const std::byte* data = tensor.view.data;
      if (data < header.data() || data >= header.data() + header.size()) continue;
      header = header.first(static_cast<std::size_t>(data - header.data()));
    }
  };
  source.gguf != nullptr ? cut(source.gguf->tensors) : cut(source.checkpoint->weights.tensors);
  return header;
}

void note(PackedCache& cache, const std::string& what) {
  if (cache.problem.empty()) cache.problem = quote(cache.path) + ": " + what;
}

}  // namespace

std::string cache_path(const std::string& folder, const std::string& model_path,
                       const char* level) {
  std::error_code error;
  const std::string whole = fs::absolute(model_path, error).string() + '\n' + level;
  const std::string name = fs::path(model_path).stem().string();
  return folder + '/' + name + '-' + hex(XXH3_64bits(whole.data(), whole.size())) + ".packed";
}

std::string cache_folder() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && *xdg != '\0') return std::string(xdg) + "/millrace/packed";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? std::string(home) + "/.cache/millrace/packed" : "";
}

Expected<std::string> cache_key(const Source& source, const kern::Device& device) {
  std::error_code error;
  std::string key = fs::absolute(path_of(source), error).string();
  key += "\nlevel " + std::string(device.ops->name) + ", layout " + std::to_string(kLayout);
  const std::vector<std::string> paths = paths_of(source);
  for (const std::string& path : paths) {
    MR_TRY(const sys::FileState state, sys::file_state(path));
    key += "\nfile " + std::to_string(state.inode) + ' ' + std::to_string(state.bytes) + ' ' +
           std::to_string(state.changed_ns);
  }
  for (const sys::MappedFile& shard : shards_of(source)) {
    const auto header = header_of(source, shard);
    key += "\nheader " + hex(XXH3_64bits(header.data(), header.size()));
  }
  return key;
}

void begin(PackedCache& cache, const Source& source, const kern::Device& device) {
  auto key = cache_key(source, device);
  if (!key) return note(cache, key.error().message);
  cache.key = std::move(*key);
  std::error_code error;
  if (!fs::exists(cache.path, error)) return replace(cache, "");
  auto found = open_packed(cache.path, cache.key, device);
  if (!found) return replace(cache, found.error().message);
  cache.found = std::move(*found);
}

void replace(PackedCache& cache, const std::string& why) {
  if (!why.empty()) note(cache, "not used, " + why);
  cache.found.reset();
  auto writer = create_packed(cache.path);
  if (!writer) return note(cache, "not kept, " + writer.error().message);
  cache.writer = std::move(*writer);
}

void finish(PackedCache& cache, const Source& source, const kern::Device& device) {
  if (!cache.writer) return;
  const auto key = cache_key(source, device);
  if (!key || *key != cache.key) {
    note(cache, "not kept, the model has changed");
  } else if (const auto done = finish(*cache.writer, cache.key); !done) {
    note(cache, "not kept, " + done.error().message);
  } else {
    sweep_packed(cache.path);
  }
  cache.writer.reset();
}

std::vector<std::string> paths_of(const Source& source) {
  const std::string& first =
      source.gguf != nullptr ? source.gguf->path : source.checkpoint->weights.path;
  std::vector<std::string> paths;
  if (source.checkpoint != nullptr) paths.push_back(source.checkpoint->path);
  if (shards_of(source).size() == 1) {
    paths.push_back(first);
    return paths;
  }
  const char* extension = source.gguf != nullptr ? ".gguf" : ".safetensors";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::absolute(first).parent_path(), error)) {
    if (entry.path().extension() == extension) paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  return paths;
}

void let_go(const Source& source) {
  for (const sys::MappedFile& shard : shards_of(source)) sys::let_go(sys::bytes(shard));
}

}  // namespace mr::model
