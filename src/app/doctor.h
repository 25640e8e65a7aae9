#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "kern/level.h"
#include "sys/cpu.h"
#include "sys/host.h"
#include "sys/limits.h"

namespace mr::app {

/// What this machine gives to the program.
struct Machine {
  sys::Host host;
  sys::CpuFeatures features;
  std::vector<kern::LevelInfo> levels;
  std::string level;            ///< the one in use
  std::string wanted_level;     ///< by MILLRACE_ISA
  int n_usable = 0;             ///< processors: affinity and the cgroup's limit
  double cpu_limit = 0;         ///< of the cgroup, in processors; 0: none
  std::uint64_t available = 0;  ///< bytes of memory, within the cgroup's limit
  std::string model;            ///< the default one; empty: none
  std::uint64_t model_bytes = 0;
  sys::Limits limits;  ///< measured
};

/// Looks at the machine and measures it. Errors: bad_request for an unknown MILLRACE_ISA, failed.
/// Cost: about half a second.
Expected<Machine> examine();

/// What would be slow here, and why, each with what to do about it.
std::vector<std::string> advice(const Machine& machine);

std::string doctor_text(const Machine& machine);
std::string doctor_json(const Machine& machine);

/// `millrace doctor`. Returns the exit code.
int run_doctor(bool json);

}  // namespace mr::app
