#include "sys/out_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/quote.h"

namespace mr::sys {
namespace {

std::string part_path(const OutFile& file) {
  return file.path + ".part";
}

tl::unexpected<Error> cannot_write(const OutFile& file) {
  return fail(Fault::failed, "cannot write " + quote(file.path) + ": " + std::strerror(errno));
}

// Makes a rename in the folder of `path` last through a power failure.
void sync_folder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

/// Whether `path` is the file that `fd` has open.
bool is_still(int fd, const std::string& path) {
  struct stat open_one{};
  struct stat there{};
  return fstat(fd, &open_one) == 0 && stat(path.c_str(), &there) == 0 &&
         open_one.st_ino == there.st_ino && open_one.st_dev == there.st_dev;
}

}  // namespace

OutFile::OutFile(OutFile&& other) noexcept
    : path(std::move(other.path)), fd(std::exchange(other.fd, -1)) {}

OutFile& OutFile::operator=(OutFile&& other) noexcept {
  std::swap(path, other.path);
  std::swap(fd, other.fd);
  return *this;
}

OutFile::~OutFile() {
  if (fd < 0) return;
  close(fd);
  unlink(part_path(*this).c_str());
}

Expected<OutFile> create(const std::string& path) {
  OutFile file;
  file.path = path;
  const std::string part = part_path(file);
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return cannot_write(file);
  // The lock goes with the descriptor; a file that was committed meanwhile is no longer the part.
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 || !is_still(fd, part)) {
    close(fd);
    return fail(Fault::failed, "cannot write " + quote(path) + ": another program is writing it");
  }
  file.fd = fd;
  if (ftruncate(fd, 0) != 0) return cannot_write(file);
  return file;
}

Expected<void> append(OutFile& file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(file.fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot_write(file);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Expected<void> commit_unsynced(OutFile& file) {
  if (std::rename(part_path(file).c_str(), file.path.c_str()) != 0) return cannot_write(file);
  close(std::exchange(file.fd, -1));
  return {};
}

Expected<void> commit(OutFile& file) {
  if (fsync(file.fd) != 0) return cannot_write(file);
  MR_TRY_VOID(commit_unsynced(file));
  sync_folder(file.path);
  return {};
}

}  // namespace mr::sys
