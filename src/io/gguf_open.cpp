#include <cstdio>
#include <limits>

#include "base/quote.h"
#include "io/gguf.h"
#include "io/gguf_index.h"

namespace mr::gguf {
namespace {

constexpr std::size_t kSuffixBytes = sizeof("-00001-of-00003.gguf") - 1;

// The place of a file among shards, from the end of its name.
struct ShardName {
  std::string stem;
  std::uint32_t number = 0;  // from 1
  std::uint32_t count = 0;
};

std::string shard_path(const std::string& stem, std::uint32_t number, std::uint32_t count) {
  char suffix[64];
  std::snprintf(suffix, sizeof suffix, "-%05u-of-%05u.gguf", number, count);
  return stem + suffix;
}

std::optional<ShardName> parse_shard_name(const std::string& path) {
  if (path.size() < kSuffixBytes) return std::nullopt;
  ShardName shard{.stem = path.substr(0, path.size() - kSuffixBytes)};
  const char* suffix = path.c_str() + shard.stem.size();
  if (std::sscanf(suffix, "-%5u-of-%5u.gguf", &shard.number, &shard.count) != 2) {
    return std::nullopt;
  }
  if (shard_path(shard.stem, shard.number, shard.count) != path) return std::nullopt;
  return shard;
}

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

Expected<void> check_key(const File& shard, const char* key, std::uint32_t wanted) {
  MR_TRY(const auto found, get<std::uint32_t>(shard, key));
  if (found == wanted) return {};
  return fail(Fault::bad_model, quote(shard.path) + ": metadata '" + key + "': wanted " +
                                    std::to_string(wanted) + ", found " + std::to_string(found) +
                                    "; the shards are not of one model");
}

// Shards that name their model must agree with the first.
Expected<void> check_same_model(const File& first, const File& shard) {
  for (const char* key : {"general.architecture", "general.name"}) {
    MR_TRY(const auto wanted, get_optional<std::string_view>(first, key));
    MR_TRY(const auto found, get_optional<std::string_view>(shard, key));
    if (found && wanted != found) {
      return fail(Fault::bad_model, quote(shard.path) + ": metadata '" + key + "': found " +
                                        quote(*found) + ", but the first shard has " +
                                        quote(wanted.value_or("")));
    }
  }
  return {};
}

Expected<void> append_shard(File& model, const std::string& path, std::uint32_t number,
                            std::uint32_t count) {
  MR_TRY(auto shard, open_one(path));
  MR_TRY_VOID(check_key(shard, "split.count", count));
  MR_TRY_VOID(check_key(shard, "split.no", number));
  MR_TRY_VOID(check_same_model(model, shard));
  if (model.tensors.size() + shard.tensors.size() > kMaxTensors) {
    return fail(Fault::bad_model, quote(path) + ": more than " + std::to_string(kMaxTensors) +
                                      " tensors in all shards");
  }
  for (Tensor& tensor : shard.tensors) {
    tensor.shard = number;
    model.tensors.push_back(std::move(tensor));
  }
  model.shards.push_back(std::move(shard.shards.front()));
  return {};
}

Expected<void> open_other_shards(File& model, std::uint32_t count) {
  const auto name = parse_shard_name(model.path);
  if (!name || name->count != count || count > kMaxShards) {
    return fail(Fault::bad_model,
                quote(model.path) + ": metadata 'split.count' is " + std::to_string(count) +
                    ", wanted a file name that ends with " + shard_path("", 1, count) +
                    " and at most " + std::to_string(kMaxShards) + " shards");
  }
  if (name->number != 1) {
    return fail(Fault::bad_model, quote(model.path) + ": wanted the first shard, " +
                                      quote(shard_path(name->stem, 1, count)));
  }
  MR_TRY_VOID(check_key(model, "split.no", 0));
  for (std::uint32_t i = 1; i < count; ++i) {
    MR_TRY_VOID(append_shard(model, shard_path(name->stem, i + 1, count), i, count));
  }
  MR_TRY(const auto n_tensors, get<std::uint32_t>(model, "split.tensors.count"));
  if (n_tensors != model.tensors.size()) {
    return fail(Fault::bad_model, quote(model.path) + ": metadata 'split.tensors.count': wanted " +
                                      std::to_string(model.tensors.size()) +
                                      " as in the shards, found " + std::to_string(n_tensors));
  }
  auto indexed = index_names(model);
  if (!indexed) return fail_at(quote(model.path), std::move(indexed).error());
  return {};
}

}  // namespace

Expected<File> open(const std::string& path) {
  MR_TRY(auto model, open_one(path));
  MR_TRY(const auto count, get_or<std::uint32_t>(model, "split.count", 1));
  if (count > 1) MR_TRY_VOID(open_other_shards(model, count));
  return model;
}

bool failed(const File& file) {
  for (const auto& shard : file.shards) {
    if (sys::failed(shard)) return true;
  }
  return false;
}

}  // namespace mr::gguf
