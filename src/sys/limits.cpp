#include "sys/limits.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "sys/cpu.h"
#include "sys/limit_loops.h"
#include "sys/memory.h"

namespace mr::sys {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kReadUnit = kMiB;       // bytes between two looks at the clock
constexpr double kMathUnitOps = 1024 * 1024;  // operations, likewise

/// Memory of its own for every part of the team.
struct Region {
  Region() = default;
  ~Region() {
    if (base != nullptr) munmap(base, bytes);
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  std::byte* base = nullptr;
  std::size_t bytes = 0;
  std::size_t part_bytes = 0;  ///< a multiple of kReadUnit
};

std::size_t region_bytes(const LimitsEffort& effort) {
  if (effort.bytes != 0) return effort.bytes;
  const auto cache = static_cast<std::size_t>(std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE)));
  const std::size_t wanted = std::clamp(8 * cache, 128 * kMiB, 1024 * kMiB);
  const std::uint64_t left = available_memory();
  return left == 0 ? wanted : std::min<std::size_t>(wanted, left / 4);
}

Expected<void> map(Region& region, Team& team, const LimitsEffort& effort) {
  const auto n_parts = static_cast<std::size_t>(team.n_threads);
  const std::size_t share = region_bytes(effort) / n_parts / kReadUnit;
  region.part_bytes = std::max<std::size_t>(share, 1) * kReadUnit;
  region.bytes = region.part_bytes * n_parts;
  void* base =
      mmap(nullptr, region.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) {
    return fail(Fault::failed, "limits: wanted " + std::to_string(region.bytes) +
                                   " bytes of memory to read: " + std::strerror(errno));
  }
  region.base = static_cast<std::byte*>(base);
  madvise(base, region.bytes, MADV_HUGEPAGE);
  // Each thread writes its part first, so that it lies near to it.
  const auto touch = [](void* arg, int part, int) {
    const auto& to = *static_cast<const Region*>(arg);
    std::memset(to.base + static_cast<std::size_t>(part) * to.part_bytes, 1, to.part_bytes);
  };
  run(team, touch, &region);
  return {};
}

/// What one thread did in a window, on lines of its own.
struct alignas(64) Done {
  double units = 0;
  Clock::time_point start, end;
};

/// Calls unit(part) on every thread for `effort.window`; the units of all threads a second, in the
/// best of the windows. A window opens when all threads have come to it and closes with the last:
/// a thread that another program displaced must not seem to have run beside the others.
template <typename Unit>
double best_rate(Team& team, const LimitsEffort& effort, const Unit& unit) {
  struct Window {
    const Unit& unit;
    std::chrono::microseconds length;
    std::vector<Done> done;
    std::atomic<int> n_here{0};
  } window{unit, effort.window, std::vector<Done>(static_cast<std::size_t>(team.n_threads))};
  const auto work = [](void* arg, int part, int n_parts) {
    auto& to = *static_cast<Window*>(arg);
    to.n_here.fetch_add(1);
    while (to.n_here.load() < n_parts) __builtin_ia32_pause();
    Done done{.units = 0, .start = Clock::now(), .end = {}};
    do {
      to.unit(part);
      ++done.units;
      done.end = Clock::now();
    } while (done.end - done.start < to.length);
    to.done[static_cast<std::size_t>(part)] = done;
  };
  double best = 0;
  for (int i = 0; i < effort.n_windows; ++i) {
    window.n_here.store(0);
    run(team, work, &window);
    Done all = window.done[0];
    for (std::size_t part = 1; part < window.done.size(); ++part) {
      const Done& done = window.done[part];
      all = {.units = all.units + done.units,
             .start = std::min(all.start, done.start),
             .end = std::max(all.end, done.end)};
    }
    best = std::max(best, all.units / std::chrono::duration<double>(all.end - all.start).count());
  }
  return best;
}

void keep_best(Rate& best, double per_s, const char* by) {
  if (per_s > best.per_s) best = {.per_s = per_s, .by = by};
}

/// Where a thread reads next, on a line of its own.
struct alignas(64) Cursor {
  std::size_t offset = 0;
  std::uint64_t sum = 0;
};

}  // namespace

Expected<Limits> measure_limits(Team& team, const LimitsEffort& effort) {
  const CpuFeatures cpu = cpu_features();
  Limits limits{.n_threads = team.n_threads, .read = {}, .fp32 = {}, .bf16 = {}, .int8 = {}};
  Region region;
  MR_TRY_VOID(map(region, team, effort));
  std::vector<Cursor> cursors(static_cast<std::size_t>(team.n_threads));
  for (const ReadLoop& loop : read_loops(cpu)) {
    const double rate = best_rate(team, effort, [&](int part) {
      Cursor& at = cursors[static_cast<std::size_t>(part)];
      const std::byte* own = region.base + static_cast<std::size_t>(part) * region.part_bytes;
      at.sum += loop.run(own + at.offset, kReadUnit);
      at.offset = (at.offset + kReadUnit) % region.part_bytes;
    });
    keep_best(limits.read, rate * kReadUnit, loop.name);
  }
  for (const MathLoop& loop : math_loops(cpu)) {
    const auto turns = static_cast<std::int64_t>(kMathUnitOps / loop.ops) + 1;
    const double rate = best_rate(team, effort, [&](int) { loop.run(turns); });
    Rate& best = loop.number == Number::fp32   ? limits.fp32
                 : loop.number == Number::bf16 ? limits.bf16
                                               : limits.int8;
    keep_best(best, rate * static_cast<double>(turns) * loop.ops, loop.name);
  }
  return limits;
}

const Expected<Limits>& machine_limits() {
  static const Expected<Limits> kLimits = []() -> Expected<Limits> {
    MR_TRY(const auto team, make_team(0));
    return measure_limits(*team);
  }();
  return kLimits;
}

}  // namespace mr::sys
