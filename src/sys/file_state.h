#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"

namespace mr::sys {

/// What tells a file from another, and from itself after a change.
struct FileState {
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t changed_ns = 0;  ///< its mtime
};

/// Errors: failed, with the path and what the system said.
Expected<FileState> file_state(const std::string& path);

/// Lets go of the memory that a mapped file's pages take; they are read again where they are needed
/// again. Only whole pages inside `mapped` go.
void let_go(std::span<const std::byte> mapped);

}  // namespace mr::sys
