#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "kern/table.h"
#include "sys/team.h"

/// The levels that were compiled in, and which of them this machine runs.
namespace mr::kern {

enum class Level : std::uint8_t { ref, avx2, avx2_vnni, avx512, amx, cuda };

struct LevelInfo {
  Level level = Level::ref;
  const char* name = nullptr;  ///< as MILLRACE_ISA takes it
  bool compiled = false;
  std::string missing;  ///< what this machine lacks for it; empty: it runs here
};

/// Every level the program knows, slowest first.
std::vector<LevelInfo> levels();

/// The table of a level that runs here.
const Table& table(Level level);

/// The fastest CPU level of this machine, or the one named by `wanted` (empty: no wish).
/// Errors: bad_request where the name is unknown, not compiled in or lacks something here.
Expected<Level> pick_level(std::string_view wanted);

/// The device of a CPU level: its table, run by `team`, which must outlive it.
Device cpu_device(Level level, sys::Team& team);

}  // namespace mr::kern
