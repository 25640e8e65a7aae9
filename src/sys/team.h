#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"

/// One team of worker threads that run a task side by side: spin a moment, then sleep.
namespace mr::sys {

/// One part of a task: `part` of `n_parts`, each on its own thread, all at the same time.
using Task = void (*)(void* arg, int part, int n_parts);

/// The threads and what they wait on. Part 0 runs on the caller's thread.
struct Team {
  Team() = default;
  ~Team();  ///< ends the workers
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int n_threads = 1;
  Task task = nullptr;
  void* arg = nullptr;
  std::atomic<std::uint32_t> generation{0};  ///< goes up by one for each task; workers wait on it
  std::atomic<std::int32_t> n_running{0};    ///< workers that are still at the current task
  std::atomic<bool> stopping{false};
  std::vector<std::thread> workers;
};

/// How many processors this process may use: affinity and the cgroup's CPU limit, at least 1.
int usable_processors();

/// A team of `n_threads`; 0 means usable_processors().
/// Errors: bad_request beyond 0 to 1,024; failed where threads cannot be started.
Expected<std::unique_ptr<Team>> make_team(int n_threads);

/// Runs every part of `task` and returns when all are done. One caller at a time.
/// Cost: about a microsecond while the team is awake; asleep it uses no processor.
void run(Team& team, Task task, void* arg);

}  // namespace mr::sys
