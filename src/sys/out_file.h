#pragma once
#include <cstddef>
#include <span>
#include <string>

#include "base/error.h"

namespace mr::sys {

/// A file being written. It appears under its name when it is complete and on the disk, never by
/// halves: until `commit` it is `path.part`, and without one it goes away. One program at a time
/// writes it.
struct OutFile {
  std::string path;
  int fd = -1;

  OutFile() = default;
  OutFile(const OutFile&) = delete;
  OutFile& operator=(const OutFile&) = delete;
  OutFile(OutFile&& other) noexcept;
  OutFile& operator=(OutFile&& other) noexcept;
  ~OutFile();
};

/// Errors (of all): failed, with the path and what the system said.
Expected<OutFile> create(const std::string& path);
Expected<void> append(OutFile& file, std::span<const std::byte> bytes);
Expected<void> commit(OutFile& file);

/// The same but for the wait for the disk: after a power failure the file may be damaged.
Expected<void> commit_unsynced(OutFile& file);

}  // namespace mr::sys
