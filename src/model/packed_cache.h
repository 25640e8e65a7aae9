#pragma once
#include <optional>
#include <string>

#include "base/error.h"
#include "kern/table.h"
#include "model/packed_file.h"
#include "model/source.h"
#include "model/weights.h"

/// Packed weights kept from one start to the next.
namespace mr::model {

/// The cache of one model, and what becomes of it while that loads.
struct PackedCache {
  std::string path;     ///< of its file; need not exist
  bool verify = false;  ///< compare what it holds with what packing gives

  std::string key = {};  ///< what the file must have been made from
  std::optional<PackedFile> found = {};
  std::optional<PackedWriter> writer = {};
  std::string wrong = {};    ///< a tensor that what was found lacks, or has other contents of
  std::string problem = {};  ///< why it was not used or not kept; one line
};

/// Where the cache of the model at `model_path` is for a level: in `folder`, one file a model and
/// level, so that what a changed model leaves behind is overwritten.
std::string cache_path(const std::string& folder, const std::string& model_path, const char* level);

/// Folder for caches: millrace/packed in XDG_CACHE_HOME or ~/.cache; empty where neither is set.
std::string cache_folder();

/// What a cache must have been made from: path, level, layout, and of every file of the model
/// inode, size, mtime and a hash of its header. Errors: failed.
Expected<std::string> cache_key(const Source& source, const kern::Device& device);

/// What model::load gives, but what the cache holds is not packed again; it lies in the cache's
/// mapping, `found`, which outlives the model. Without such a cache one is written, for `finish`.
/// Cost: memory of the model and at most 256 MiB of its file at a time.
Expected<Model> load(const Source& source, const kern::Device& device, OnLayer on_layer,
                     PackedCache& cache);

/// Opens the cache, or begins to write one where there is none that fits.
void begin(PackedCache& cache, const Source& source, const kern::Device& device);

/// Gives up what was found, saying why, and begins to write.
void replace(PackedCache& cache, const std::string& why);

/// Keeps what was written, once the model is known to be sound and the file has not changed.
void finish(PackedCache& cache, const Source& source, const kern::Device& device);

/// The files of a model; of one in shards, all in its folder that are of their kind.
std::vector<std::string> paths_of(const Source& source);

/// Lets go of the memory that the model's files take as far as they have been read.
void let_go(const Source& source);

}  // namespace mr::model
