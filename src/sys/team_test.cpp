#include "sys/team.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "sys/cgroup.h"

namespace mr::sys {
namespace {

struct Parts {
  std::vector<int> runs;              // per part
  std::vector<std::thread::id> on{};  // per part
  int n_parts = 0;
};

void count(void* arg, int part, int n_parts) {
  auto& parts = *static_cast<Parts*>(arg);
  const auto i = static_cast<std::size_t>(part);
  ++parts.runs[i];
  parts.on[i] = std::this_thread::get_id();
  if (part == 0) parts.n_parts = n_parts;
}

TEST(Team, RunsEveryPartOnItsOwnThread) {
  for (int n = 1; n <= 5; ++n) {
    auto team = make_team(n);
    ASSERT_TRUE(team) << team.error().message;
    const auto size = static_cast<std::size_t>(n);
    Parts parts{std::vector<int>(size), std::vector<std::thread::id>(size)};
    constexpr int kTasks = 2000;
    for (int i = 0; i < kTasks; ++i) {
      run(**team, count, &parts);
      ASSERT_EQ(std::vector<int>(size, i + 1), parts.runs);
    }
    EXPECT_EQ(n, parts.n_parts);
    EXPECT_EQ(std::this_thread::get_id(), parts.on[0]);
    EXPECT_EQ(size, std::set(parts.on.begin(), parts.on.end()).size());
  }
}

// All parts at the same time: each waits for all others.
TEST(Team, PartsRunSideBySide) {
  auto team = make_team(4);
  ASSERT_TRUE(team);
  std::atomic<int> arrived{0};
  const Task meet = [](void* arg, int, int n_parts) {
    auto& n = *static_cast<std::atomic<int>*>(arg);
    ++n;
    while (n < n_parts) std::this_thread::yield();
  };
  run(**team, meet, &arrived);
  EXPECT_EQ(4, arrived);
}

TEST(Team, WakesAfterSleep) {
  auto team = make_team(3);
  ASSERT_TRUE(team);
  Parts parts{std::vector<int>(3), std::vector<std::thread::id>(3)};
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(i % 4));
    run(**team, count, &parts);
  }
  EXPECT_EQ(std::vector<int>(3, 20), parts.runs);
}

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

TEST(Team, IdleUsesNoProcessor) {
  auto team = make_team(4);
  ASSERT_TRUE(team);
  Parts parts{std::vector<int>(4), std::vector<std::thread::id>(4)};
  run(**team, count, &parts);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const double before = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_LT(cpu_seconds() - before, 0.01);
}

TEST(Team, ImpossibleCountsAreRefused) {
  for (const int n : {-1, 1025, 2'000'000'000}) {
    const auto team = make_team(n);
    ASSERT_FALSE(team);
    EXPECT_EQ(Fault::bad_request, team.error().fault);
    EXPECT_NE(std::string::npos, team.error().message.find(std::to_string(n)));
  }
}

TEST(Team, ThreadsThatCannotStartAreAnError) {
  pthread_attr_t usual;
  ASSERT_EQ(0, pthread_getattr_default_np(&usual));
  pthread_attr_t huge = usual;
  ASSERT_EQ(0, pthread_attr_setstacksize(&huge, std::size_t{1} << 47));  // beyond the address space
  ASSERT_EQ(0, pthread_setattr_default_np(&huge));
  const auto team = make_team(3);
  ASSERT_EQ(0, pthread_setattr_default_np(&usual));
  ASSERT_FALSE(team);
  EXPECT_EQ(Fault::failed, team.error().fault);
  EXPECT_NE(std::string::npos, team.error().message.find("started 1"));
}

TEST(Team, AffinityLimitsTheProcessors) {
  cpu_set_t usual;
  ASSERT_EQ(0, sched_getaffinity(0, sizeof usual, &usual));
  EXPECT_GE(usable_processors(), 1);
  EXPECT_LE(usable_processors(), CPU_COUNT(&usual));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &usual) && CPU_COUNT(&one) == 0) CPU_SET(i, &one);
  }
  ASSERT_EQ(0, sched_setaffinity(0, sizeof one, &one));
  EXPECT_EQ(1, usable_processors());
  ASSERT_EQ(0, sched_setaffinity(0, sizeof usual, &usual));
}

/// A made-up tree of control groups.
struct Groups {
  std::filesystem::path root = std::filesystem::path(testing::TempDir()) /
                               ("cgroup" + std::to_string(std::random_device{}()));
  ~Groups() { std::filesystem::remove_all(root); }

  void write(const char* path, const char* text) const {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  std::optional<double> limit() const { return cgroup_limit(root / "self", root / "fs"); }
};

TEST(Cgroup, Version2TakesTheSmallestOnTheWay) {
  const Groups groups;
  groups.write("self", "0::/a/b\n");
  EXPECT_EQ(std::nullopt, groups.limit());
  groups.write("fs/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(std::nullopt, groups.limit());
  groups.write("fs/a/cpu.max", "150000 100000\n");
  EXPECT_EQ(1.5, groups.limit());
  groups.write("fs/a/b/cpu.max", "400000 100000\n");
  EXPECT_EQ(1.5, groups.limit());
  groups.write("fs/cpu.max", "50000 100000\n");
  EXPECT_EQ(0.5, groups.limit());
}

TEST(Cgroup, Version1HasItsOwnFiles) {
  const Groups groups;
  groups.write("self", "5:memory:/m\n4:cpu,cpuacct:/c/d\n3:cpuset:/\n");
  groups.write("fs/cpu,cpuacct/c/d/cpu.cfs_quota_us", "-1\n");
  groups.write("fs/cpu,cpuacct/c/d/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(std::nullopt, groups.limit());
  groups.write("fs/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
  groups.write("fs/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(3.0, groups.limit());
}

TEST(Cgroup, ForeignTextIsNoLimit) {
  const Groups groups;
  groups.write("self", "\n::\nx\n0:/:\n0::no/slash\n0::");
  groups.write("fs/cpu.max", "0 0\n");
  EXPECT_EQ(std::nullopt, groups.limit());
  groups.write("fs/cpu.max", "many of them");
  EXPECT_EQ(std::nullopt, groups.limit());
}

}  // namespace
}  // namespace mr::sys
