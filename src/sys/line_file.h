#pragma once
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

/// Files of lines, one JSON text each: read from the beginning, or written at the end.
namespace mr::sys {

struct LineReader {
  struct Closer {
    void operator()(std::FILE* open) const;
  };
  std::string path;
  std::unique_ptr<std::FILE, Closer> file;
};

/// Errors: failed, with the path and what the system said, as in all that follow.
Expected<LineReader> open_lines(const std::string& path);

/// The next line without its end; nothing behind the last. One that the end of the file cuts off
/// counts as a line. Errors: also one of more than `most_bytes`.
Expected<std::optional<std::string>> next_line(LineReader& reader, std::size_t most_bytes);

/// A file that lines are added to. Nobody else writes to it meanwhile.
struct LineWriter {
  std::string path;
  int fd = -1;

  LineWriter() = default;
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  LineWriter(LineWriter&& other) noexcept;
  LineWriter& operator=(LineWriter&& other) noexcept;
  ~LineWriter();
};

/// Makes the file where it is not there; a last line that a crash has cut off is taken away.
/// Errors: also a file that another process adds to.
Expected<LineWriter> append_lines(const std::string& path);

/// Adds a line and its end in one write.
Expected<void> add_line(LineWriter& writer, std::string line);

/// Returns when all lines are on the disk.
Expected<void> sync(LineWriter& writer);

}  // namespace mr::sys
