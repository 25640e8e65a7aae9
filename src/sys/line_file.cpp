#include "sys/line_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace mr::sys {
namespace {

tl::unexpected<Error> cannot(const std::string& path, const char* what) {
  return fail(Fault::failed, path + ": cannot " + what + ": " + std::strerror(errno));
}

/// Where the last whole line of a file of `size` bytes ends; below 0: it cannot be read.
off_t end_of_lines(int fd, off_t size) {
  std::array<char, 4096> block{};
  while (size > 0) {
    const off_t begin =
        size > static_cast<off_t>(block.size()) ? size - static_cast<off_t>(block.size()) : 0;
    const ssize_t n = pread(fd, block.data(), static_cast<std::size_t>(size - begin), begin);
    if (n != size - begin) return -1;
    const std::string_view text(block.data(), static_cast<std::size_t>(n));
    const std::size_t end = text.rfind('\n');
    if (end != std::string_view::npos) return begin + static_cast<off_t>(end) + 1;
    size = begin;
  }
  return 0;
}

}  // namespace

void LineReader::Closer::operator()(std::FILE* open) const {
  std::fclose(open);
}

Expected<LineReader> open_lines(const std::string& path) {
  LineReader reader{.path = path, .file = {}};
  reader.file.reset(std::fopen(path.c_str(), "re"));
  if (!reader.file) return cannot(path, "read");
  return reader;
}

Expected<std::optional<std::string>> next_line(LineReader& reader, std::size_t most_bytes) {
  std::string line;
  while (true) {
    const int c = std::getc(reader.file.get());
    if (c == EOF && std::ferror(reader.file.get()) != 0) return cannot(reader.path, "read");
    if (c == EOF && line.empty()) return std::optional<std::string>();
    if (c == EOF || c == '\n') return std::optional<std::string>(std::move(line));
    if (line.size() == most_bytes) {
      return fail(Fault::failed, reader.path + ": wanted lines of at most " +
                                     std::to_string(most_bytes) + " bytes, found a longer one");
    }
    line += static_cast<char>(c);
  }
}

LineWriter::LineWriter(LineWriter&& other) noexcept
    : path(std::move(other.path)), fd(std::exchange(other.fd, -1)) {}

LineWriter& LineWriter::operator=(LineWriter&& other) noexcept {
  std::swap(path, other.path);
  std::swap(fd, other.fd);
  return *this;
}

LineWriter::~LineWriter() {
  if (fd >= 0) close(fd);
}

Expected<LineWriter> append_lines(const std::string& path) {
  LineWriter writer;
  writer.path = path;
  writer.fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (writer.fd < 0) return cannot(path, "write");
  if (flock(writer.fd, LOCK_EX | LOCK_NB) != 0) {
    return fail(Fault::failed, path + ": another process writes to it");
  }
  struct stat status{};
  if (fstat(writer.fd, &status) != 0) return cannot(path, "read");
  const off_t end = end_of_lines(writer.fd, status.st_size);
  if (end < 0) return cannot(path, "read");
  if (end < status.st_size && ftruncate(writer.fd, end) != 0) return cannot(path, "write");
  return writer;
}

Expected<void> add_line(LineWriter& writer, std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = write(writer.fd, rest.data(), rest.size());
    if (n < 0 && errno != EINTR) return cannot(writer.path, "write");
    if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Expected<void> sync(LineWriter& writer) {
  if (fsync(writer.fd) != 0 && errno != EINVAL) return cannot(writer.path, "write");
  return {};
}

}  // namespace mr::sys
