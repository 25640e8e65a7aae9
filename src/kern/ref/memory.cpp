#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "kern/ref/ref.h"
#include "kern/simd/parallel.h"

namespace mr::kern::ref {

void* allocate(const Device&, std::size_t bytes) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  if (bytes > std::numeric_limits<std::size_t>::max() - kHugePage) return nullptr;
  const std::size_t alignment = bytes < 4 * kHugePage ? 64 : kHugePage;
  const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + alignment - 1) & ~(alignment - 1);
  void* memory = std::aligned_alloc(alignment, rounded);
  // A stream of weights then crosses a page every 2 MiB; where the kernel says no, nothing is lost.
  if (memory != nullptr && alignment == kHugePage) madvise(memory, rounded, MADV_HUGEPAGE);
  return memory;
}

void release(const Device&, void* memory, std::size_t) {
  std::free(memory);
}

void copy(const Device&, void* to, const void* from, std::size_t bytes) {
  if (bytes != 0) std::memcpy(to, from, bytes);
}

void synchronize(const Device&) {}

std::size_t packed_bytes(DType type, std::int64_t n_out, std::int64_t n_in) {
  return static_cast<std::size_t>(n_out) * row_bytes(type, static_cast<std::uint64_t>(n_in));
}

std::size_t act_bytes(std::int64_t n_rows, std::int64_t dim) {
  return static_cast<std::size_t>(n_rows * dim) * sizeof(float);
}

void pack(const Device& device, const PackArgs& a) {
  const auto bytes = static_cast<std::int64_t>(packed_bytes(a.type, a.n_out, a.n_in));
  shares(device, bytes, 1 << 20, [&](std::int64_t begin, std::int64_t end) {
    std::memcpy(static_cast<std::byte*>(a.to) + begin,
                static_cast<const std::byte*>(a.from) + begin,
                static_cast<std::size_t>(end - begin));
  });
}

}  // namespace mr::kern::ref
