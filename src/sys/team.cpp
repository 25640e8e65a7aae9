#include "sys/team.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>

#include "sys/cgroup.h"

namespace mr::sys {
namespace {

// A step has a few barriers a layer, some microseconds apart: waking a sleeper costs about as much
// as this wait, so whoever waits longer goes to sleep.
constexpr std::chrono::microseconds kSpin{40};
constexpr int kPausesPerLook = 32;  // between two looks at the clock

constexpr int kMaxThreads = 1024;

/// Waits until `value` is no longer `old`: spins a moment, then sleeps. Returns what it is now.
template <typename T>
T wait_change(const std::atomic<T>& value, T old) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < kPausesPerLook; ++i) {
      const T now = value.load(std::memory_order_acquire);
      if (now != old) return now;
      __builtin_ia32_pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

void work(Team& team, int part) {
  std::uint32_t generation = 0;
  while (true) {
    generation = wait_change(team.generation, generation);
    if (team.stopping.load(std::memory_order_relaxed)) return;
    team.task(team.arg, part, team.n_threads);
    if (team.n_running.fetch_sub(1, std::memory_order_acq_rel) == 1) team.n_running.notify_one();
  }
}

int affinity_processors() {
  for (std::size_t n = 1024; n <= 1024 * 1024;
       n *= 2) {  // the kernel refuses a set smaller than its own
    cpu_set_t* set = CPU_ALLOC(n);
    const std::size_t bytes = CPU_ALLOC_SIZE(n);
    const bool known = sched_getaffinity(0, bytes, set) == 0;
    const int count = known ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (known) return count;
  }
  return 1;
}

}  // namespace

Team::~Team() {
  stopping.store(true, std::memory_order_relaxed);
  generation.fetch_add(1, std::memory_order_release);
  generation.notify_all();
  for (std::thread& worker : workers) worker.join();
}

int usable_processors() {
  int n = affinity_processors();
  // A team beyond the quota would be stopped in the middle of a step, so round down.
  const auto limit = cgroup_limit("/proc/self/cgroup", "/sys/fs/cgroup");
  if (limit && *limit < n) n = static_cast<int>(*limit);
  return std::max(n, 1);
}

Expected<std::unique_ptr<Team>> make_team(int n_threads) {
  if (n_threads < 0 || n_threads > kMaxThreads) {
    return fail(Fault::bad_request, "threads: wanted 1 to " + std::to_string(kMaxThreads) +
                                        ", or 0 for all processors, found " +
                                        std::to_string(n_threads));
  }
  auto team = std::make_unique<Team>();
  team->n_threads = n_threads == 0 ? std::min(usable_processors(), kMaxThreads) : n_threads;
  try {
    for (int part = 1; part < team->n_threads; ++part) {
      team->workers.emplace_back([&team = *team, part] { work(team, part); });
    }
  } catch (const std::system_error& error) {
    return fail(Fault::failed, "threads: wanted " + std::to_string(team->n_threads) + ", started " +
                                   std::to_string(team->workers.size() + 1) + ": " + error.what());
  }
  return team;
}

void run(Team& team, Task task, void* arg) {
  team.task = task;
  team.arg = arg;
  team.n_running.store(team.n_threads - 1, std::memory_order_relaxed);
  team.generation.fetch_add(1, std::memory_order_release);
  team.generation.notify_all();
  task(arg, 0, team.n_threads);
  std::int32_t left = team.n_running.load(std::memory_order_acquire);
  while (left != 0) left = wait_change(team.n_running, left);
}

}  // namespace mr::sys
