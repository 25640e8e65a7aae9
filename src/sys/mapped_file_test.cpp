#include "sys/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace mr::sys {
namespace {

std::string temporary(const std::string& name) {
  return testing::TempDir() + "mapped_file_" + std::to_string(getpid()) + "_" + name;
}

std::string write_file(const std::string& name, std::size_t n_bytes) {
  const std::string path = temporary(name);
  std::ofstream(path, std::ios::binary) << std::string(n_bytes, 'x');
  return path;
}

TEST(MappedFile, GivesTheContents) {
  const std::string path = write_file("contents", 5000);
  auto file = map_file(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->bytes, 5000U);
  for (const std::byte b : bytes(*file)) ASSERT_EQ(b, std::byte{'x'});
  EXPECT_FALSE(failed(*file));
  const MappedFile moved = std::move(*file);
  EXPECT_EQ(moved.data[4999], std::byte{'x'});
  unlink(path.c_str());
}

TEST(MappedFile, RefusesWhatIsNotARegularFile) {
  const std::string pipe = temporary("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string empty = write_file("empty", 0);
  for (const std::string& path :
       {pipe, empty, testing::TempDir(), std::string("/dev/zero"), temporary("missing")}) {
    const auto start = std::chrono::steady_clock::now();
    const auto file = map_file(path);
    ASSERT_FALSE(file) << path;
    EXPECT_EQ(file.error().fault, Fault::bad_model);
    EXPECT_EQ(file.error().message.rfind("cannot open '", 0), 0U) << file.error().message;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  }
  unlink(pipe.c_str());
  unlink(empty.c_str());
}

TEST(MappedFile, TruncationWhileMappedReadsAsZerosAndIsReported) {
  const std::string path = write_file("truncated", 64 * 4096 + 100);
  auto file = map_file(path);
  auto whole = map_file(write_file("whole", 4096));
  ASSERT_TRUE(file && whole);
  ASSERT_EQ(truncate(path.c_str(), 8 * 4096), 0);
  std::vector<std::thread> readers;  // several threads meet the missing pages at once
  std::vector<std::uint64_t> sums(4);
  for (auto& sum : sums) {
    readers.emplace_back([&sum, data = bytes(*file)] {
      for (const std::byte b : data) sum += static_cast<std::uint64_t>(b);
    });
  }
  for (auto& reader : readers) reader.join();
  for (const auto sum : sums) EXPECT_EQ(sum, 8U * 4096U * 'x');
  EXPECT_TRUE(failed(*file));
  EXPECT_FALSE(failed(*whole));
  file = map_file(write_file("again", 10));  // the slot starts clean again
  ASSERT_TRUE(file);
  EXPECT_FALSE(failed(*file));
  for (const char* name : {"truncated", "whole", "again"}) unlink(temporary(name).c_str());
}

TEST(MappedFileDeath, AnotherBusErrorStillEndsTheProcess) {
  const auto file = map_file(write_file("kept", 10));
  ASSERT_TRUE(file);
  EXPECT_DEATH(raise(SIGBUS), "");
  unlink(temporary("kept").c_str());
}

}  // namespace
}  // namespace mr::sys
