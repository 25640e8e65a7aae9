#include "sys/host.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mr::sys {
namespace {

namespace fs = std::filesystem;

struct Root {
  fs::path path = testing::TempDir() + "host_" + std::to_string(getpid());
  ~Root() { fs::remove_all(path); }
};

void write(const Root& root, const std::string& name, const std::string& text) {
  fs::create_directories((root.path / name).parent_path());
  std::ofstream(root.path / name) << text;
}

TEST(Host, ReadsWhatTheKernelSays) {
  const Root root;
  std::string processors;
  for (int i = 0; i < 8; ++i) {  // two packages of two cores of two threads
    processors += "processor\t: " + std::to_string(i) +
                  "\nmodel name\t: Some CPU @ 2.00GHz\nphysical id\t: " + std::to_string(i / 4) +
                  "\ncore id\t\t: " + std::to_string(i / 2 % 2) + "\n\n";
  }
  write(root, "proc/cpuinfo", processors);
  write(root, "proc/meminfo", "MemTotal:       24576 kB\nMemFree:  1 kB\n");
  write(root, "proc/loadavg", "1.25 0.5 0.1 1/99 1234\n");
  write(root, "proc/sys/vm/nr_hugepages", "12\n");
  write(root, "sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  write(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  write(root, "sys/devices/system/node/node0/cpulist", "0-3\n");
  write(root, "sys/devices/system/node/node1/cpulist", "4-7\n");
  write(root, "sys/devices/system/node/possible", "0-1\n");
  const Host host = read_host(root.path);
  EXPECT_EQ("Some CPU @ 2.00GHz", host.cpu);
  EXPECT_EQ(8, host.n_processors);
  EXPECT_EQ(4, host.n_cores);
  EXPECT_EQ(2, host.n_nodes);
  EXPECT_EQ(24576U * 1024, host.memory_bytes);
  EXPECT_EQ("madvise", host.transparent_huge_pages);
  EXPECT_EQ(12U, host.n_reserved_huge_pages);
  EXPECT_EQ("powersave", host.governor);
  EXPECT_EQ(1.25, host.load);
}

TEST(Host, SaysNothingOfWhatIsNotThere) {
  const Host host = read_host("/nonexistent");
  EXPECT_EQ(0, host.n_processors);
  EXPECT_EQ("", host.transparent_huge_pages);
  EXPECT_EQ(0U, host.memory_bytes);
}

TEST(Host, FindsThisMachine) {
  const Host host = read_host();
  EXPECT_GT(host.n_processors, 0);
  EXPECT_GT(host.memory_bytes, 1U << 20);
}

}  // namespace
}  // namespace mr::sys
