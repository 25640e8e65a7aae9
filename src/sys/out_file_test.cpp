#include "sys/out_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace mr::sys {
namespace {

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(OutFile, AppearsWholeOrNotAtAll) {
  const std::string path = testing::TempDir() + "out_file_" + std::to_string(getpid());
  {
    auto file = create(path);
    ASSERT_TRUE(file && append(*file, bytes("half")));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  auto file = create(path);
  ASSERT_TRUE(file && append(*file, bytes("one ")) && append(*file, bytes("two")));
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(commit(*file));
  std::ifstream in(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "one two");
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  unlink(path.c_str());
}

TEST(OutFile, OneWriterAtATime) {
  const std::string path = testing::TempDir() + "out_file_shared_" + std::to_string(getpid());
  {
    auto first = create(path);
    ASSERT_TRUE(first && append(*first, bytes("first")));
    const auto second = create(path);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another program"), std::string::npos);
    ASSERT_TRUE(commit_unsynced(*first));
  }
  EXPECT_EQ(std::filesystem::file_size(path), 5U);
  EXPECT_TRUE(create(path));  // and goes away again
  EXPECT_EQ(std::filesystem::file_size(path), 5U);
  unlink(path.c_str());
}

TEST(OutFile, SaysWhatFailed) {
  const auto missing = create("/nonexistent/folder/file");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("'/nonexistent/folder/file'"), std::string::npos);
  auto full = create("/dev/full");  // creates /dev/full.part, so write to the device itself
  if (full) {
    close(full->fd);
    full->fd = ::open("/dev/full", O_WRONLY);
    const auto written = append(*full, bytes("x"));
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().message.find("No space"), std::string::npos);
  }
}

}  // namespace
}  // namespace mr::sys
