#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "kern/table.h"
#include "sys/mapped_file.h"
#include "sys/out_file.h"

/// Files of packed tensors, to be mapped instead of packing them again: tensors one after another
/// at multiples of 64 bytes, then a list of them, then where the list is. What such a file holds is
/// not trusted: every place is checked, and every tensor has a checksum.
namespace mr::model {

/// A packed matrix, or those of all experts of a layer.
struct PackedTensor {
  std::string name;
  DType type = DType::f32;
  std::int64_t n_out = 0;  ///< with experts, of each
  std::int64_t n_in = 0;
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t bytes = 0;
  std::uint64_t stored_bytes = 0;  ///< of what it was packed from, in the model's file
  std::uint64_t checksum = 0;      ///< XXH3 of its bytes
};

/// A file that has been found sound.
struct PackedFile {
  sys::MappedFile file;
  std::vector<PackedTensor> tensors;  ///< by name
};

/// Opens a file that was written under the same key, and checks all of it on the threads of
/// `device`. Errors: bad_model, saying what is wrong with it.
Expected<PackedFile> open_packed(const std::string& path, const std::string& key,
                                 const kern::Device& device);

/// The tensor of that name, or null.
const PackedTensor* find(const PackedFile& file, const std::string& name);

inline const std::byte* data_of(const PackedFile& file, const PackedTensor& tensor) {
  return file.file.data + tensor.offset;
}

/// A file in the making.
struct PackedWriter {
  sys::OutFile file;
  std::uint64_t offset = 0;
  std::vector<PackedTensor> tensors;
};

/// Makes the folder too. Errors (of all three): failed, with the path and what the system said.
Expected<PackedWriter> create_packed(const std::string& path);

/// Appends a tensor; `tensor` says everything but its place and checksum.
Expected<void> append(PackedWriter& writer, PackedTensor tensor, const std::byte* data);

/// Puts the file under its name, complete. `key` is what open_packed will ask for.
Expected<void> finish(PackedWriter& writer, const std::string& key);

/// Removes the other files of this kind in the folder of `path` whose models are gone: those whose
/// key begins with the path of a file that is not there.
void sweep_packed(const std::string& path);

}  // namespace mr::model
