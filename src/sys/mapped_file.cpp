#include "sys/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/quote.h"

namespace mr::sys {
namespace {

// A signal handler can reach nothing but statics, so the table of mappings is one: the single
// exception to "no globals" in this module. A slot is taken and released with atomics only, for
// the handler may run at any instant.
struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};  // 0: not guarded (yet)
  std::atomic<bool> failed{false};
};

constexpr int kSlots = 1024;
std::array<Slot, kSlots> slots;
struct sigaction previous_action;
std::uintptr_t page_bytes = 4096;

// Puts zero pages over the rest of the mapping, from the page that could not be read: a truncated
// file has nothing after it, and one that fails to read is given up as a whole.
bool patch(std::uintptr_t address) {
  for (Slot& slot : slots) {
    const std::uintptr_t end = slot.end.load(std::memory_order_acquire);
    const std::uintptr_t begin = slot.begin.load(std::memory_order_acquire);
    if (address < begin || address >= end) continue;
    const std::uintptr_t page = address & ~(page_bytes - 1);
    slot.failed.store(true, std::memory_order_release);
    void* place = reinterpret_cast<void*>(page);  // NOLINT(performance-no-int-to-ptr)
    return mmap(place, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
           place;
  }
  return false;
}

void on_sigbus(int, siginfo_t* info, void*) {
  const int saved_errno = errno;
  const bool is_fault = info->si_code > 0;  // not sent by kill()
  if (!is_fault || !patch(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    // Not ours: the action of before gets it, when the instruction runs again or right now.
    sigaction(SIGBUS, &previous_action, nullptr);
    if (!is_fault) raise(SIGBUS);
  }
  errno = saved_errno;
}

void install_handler() {
  page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action{};
  action.sa_sigaction = on_sigbus;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous_action);
}

int take_slot(const std::byte* data, std::uint64_t bytes) {
  static std::once_flag installed;
  std::call_once(installed, install_handler);
  for (int i = 0; i < kSlots; ++i) {
    Slot& slot = slots[static_cast<std::size_t>(i)];
    if (slot.taken.exchange(true, std::memory_order_acq_rel)) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    slot.failed.store(false, std::memory_order_relaxed);
    slot.begin.store(begin, std::memory_order_release);
    slot.end.store((begin + bytes + page_bytes - 1) & ~(page_bytes - 1), std::memory_order_release);
    return i;
  }
  return -1;
}

void release(MappedFile& file) {
  if (file.data == nullptr) return;
  Slot& slot = slots[static_cast<std::size_t>(file.slot)];
  slot.end.store(0, std::memory_order_release);
  munmap(const_cast<std::byte*>(file.data), file.bytes);  // NOLINT(*-const-cast)
  slot.taken.store(false, std::memory_order_release);
  file.data = nullptr;
}

tl::unexpected<Error> cannot_open(const std::string& path, const std::string& why) {
  return fail(Fault::bad_model, "cannot open " + quote(path) + ": " + why);
}

Expected<MappedFile> map_open_file(int fd, const std::string& path) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return cannot_open(path, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return cannot_open(path, "it is a folder, wanted a file");
  if (!S_ISREG(status.st_mode)) return cannot_open(path, "it is not a regular file");
  if (status.st_size == 0) return cannot_open(path, "the file is empty");
  MappedFile file;
  file.bytes = static_cast<std::uint64_t>(status.st_size);
  void* place = mmap(nullptr, file.bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  if (place == MAP_FAILED) return cannot_open(path, std::strerror(errno));
  const auto* data = static_cast<const std::byte*>(place);
  file.slot = take_slot(data, file.bytes);
  if (file.slot < 0) {
    munmap(place, file.bytes);
    return cannot_open(path, "more than " + std::to_string(kSlots) + " files are mapped");
  }
  file.data = data;
  return file;
}

}  // namespace

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data(std::exchange(other.data, nullptr)),
      bytes(std::exchange(other.bytes, 0)),
      slot(std::exchange(other.slot, -1)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data, other.data);
  std::swap(bytes, other.bytes);
  std::swap(slot, other.slot);
  return *this;
}

MappedFile::~MappedFile() {
  release(*this);
}

Expected<MappedFile> map_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return cannot_open(path, std::strerror(errno));
  auto file = map_open_file(fd, path);
  close(fd);
  return file;
}

bool failed(const MappedFile& file) {
  return file.slot >= 0 &&
         slots[static_cast<std::size_t>(file.slot)].failed.load(std::memory_order_acquire);
}

}  // namespace mr::sys
