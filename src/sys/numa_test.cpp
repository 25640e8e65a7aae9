#include "sys/numa.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>

namespace mr::sys {
namespace {

using Numbers = std::vector<int>;

TEST(Numa, ListsAsTheKernelWritesThem) {
  EXPECT_EQ((Numbers{0}), numbers_of_list("0\n"));
  EXPECT_EQ((Numbers{0, 1, 2, 3, 8, 10, 11}), numbers_of_list("0-3,8,10-11\n"));
  for (const char* text : {"", "\n", "x", "1-", "3-1", "-1", "0-99999999", "1,x", "1;2"}) {
    EXPECT_EQ(Numbers{}, numbers_of_list(text)) << text;
  }
}

TEST(Numa, NodesOfAMachine) {
  const auto root = std::filesystem::temp_directory_path() / "millrace_numa_test";
  std::filesystem::create_directories(root / "sys/devices/system/node");
  std::ofstream(root / "sys/devices/system/node/online") << "0-1\n";
  EXPECT_EQ((Numbers{0, 1}), memory_nodes(root.string()));
  EXPECT_EQ(Numbers{}, memory_nodes((root / "none").string()));
  std::filesystem::remove_all(root);
}

TEST(Numa, IsolatedProcessorsAreSomeOfThoseBefore) {
  cpu_set_t before;
  ASSERT_EQ(0, sched_getaffinity(0, sizeof before, &before));
  const auto done = place(Placing::isolate);
  ASSERT_TRUE(done) << done.error().message;
  cpu_set_t after;
  ASSERT_EQ(0, sched_getaffinity(0, sizeof after, &after));
  EXPECT_GT(CPU_COUNT(&after), 0);
  cpu_set_t both;
  CPU_AND(&both, &before, &after);
  EXPECT_TRUE(CPU_EQUAL(&both, &after));
  EXPECT_TRUE(memory_nodes().size() > 1 || CPU_EQUAL(&before, &after));
  sched_setaffinity(0, sizeof before, &before);
}

}  // namespace
}  // namespace mr::sys
