#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"

namespace mr::sys {

/// A file mapped read-only. Reading never ends the process: where the file has been truncated
/// after the mapping (or its disk fails), the handler of SIGBUS puts zeros there and marks the
/// mapping as failed. Whoever depends on the contents asks `failed` after reading, the engine
/// once a step.
/// Threads: reading and `failed` from any; the owner alone moves or destroys it.
struct MappedFile {
  const std::byte* data = nullptr;
  std::uint64_t bytes = 0;
  int slot = -1;  // its place in the table of the SIGBUS handler

  MappedFile() = default;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
};

/// Maps a regular file.
/// Errors: bad_model where it is missing, unreadable, empty, a folder, a pipe or a device (a pipe
/// is never waited for); the message names the path.
Expected<MappedFile> map_file(const std::string& path);

/// Whether some of the contents could not be read since the mapping was made.
bool failed(const MappedFile& file);

inline std::span<const std::byte> bytes(const MappedFile& file) {
  return {file.data, static_cast<std::size_t>(file.bytes)};
}

}  // namespace mr::sys
