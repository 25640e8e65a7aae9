#include "sys/memory.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mr::sys {
namespace {

namespace fs = std::filesystem;

/// A folder that looks like the root of a machine.
struct FakeMachine {
  fs::path root = fs::temp_directory_path() / ("millrace-memory-" + std::to_string(::getpid()));
  ~FakeMachine() { fs::remove_all(root); }
  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
};

TEST(Memory, ThisMachineHasSome) {
  EXPECT_GT(available_memory(), 1U << 20);
}

TEST(Memory, IsWhatTheMachineHas) {
  const FakeMachine machine;
  EXPECT_EQ(0U, available_memory(machine.root));
  machine.write("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:    1000 kB\n");
  EXPECT_EQ(1'024'000U, available_memory(machine.root));
}

TEST(Memory, IsLessInsideACgroup) {
  const FakeMachine machine;
  machine.write("proc/meminfo", "MemAvailable: 1000 kB\n");
  machine.write("proc/self/cgroup", "0::/outer/inner\n");
  machine.write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  machine.write("sys/fs/cgroup/outer/memory.max", "500000\n");
  machine.write("sys/fs/cgroup/outer/memory.current", "300000\n");
  machine.write("sys/fs/cgroup/outer/memory.stat", "anon 5\ninactive_file 100000\n");
  EXPECT_EQ(300'000U, available_memory(machine.root));
}

TEST(Memory, ReadsCgroupsOfVersionOne) {
  const FakeMachine machine;
  machine.write("proc/meminfo", "MemAvailable: 1000 kB\n");
  machine.write("proc/self/cgroup", "9:cpu:/a\n8:memory:/box\n");
  machine.write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "700000\n");
  machine.write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "800000\n");
  EXPECT_EQ(0U, available_memory(machine.root));
}

}  // namespace
}  // namespace mr::sys
