#include "sys/line_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "sys/text_file.h"

namespace mr::sys {
namespace {

std::string new_path(const char* name) {
  const std::string path = testing::TempDir() + name;
  unlink(path.c_str());
  return path;
}

std::vector<std::string> lines_of(const std::string& path) {
  LineReader reader = std::move(*open_lines(path));
  std::vector<std::string> lines;
  while (auto line = *next_line(reader, 10000)) lines.push_back(std::move(*line));
  return lines;
}

TEST(LineFile, WhatIsAddedIsReadAgain) {
  const std::string path = new_path("lines");
  const std::vector<std::string> wanted{"one", "", std::string(9000, 'x')};
  for (const std::string& line : wanted) {
    LineWriter writer = std::move(*append_lines(path));
    ASSERT_TRUE(add_line(writer, line));
    ASSERT_TRUE(sync(writer));
  }
  EXPECT_EQ(wanted, lines_of(path));
}

TEST(LineFile, ALineThatWasCutOffGoesAway) {
  const std::string whole = "one\n" + std::string(5000, 'x') + "\n";
  for (const std::size_t n_more : {0U, 1U, 4095U, 4096U, 4097U, 9000U}) {
    for (const std::string& before : {std::string(), whole}) {
      const std::string path = new_path("cut");
      std::FILE* file = std::fopen(path.c_str(), "w");
      std::fputs((before + std::string(n_more, 'y')).c_str(), file);
      std::fclose(file);
      {
        const LineWriter writer = std::move(*append_lines(path));
      }
      EXPECT_EQ(before, *read_text(path));
    }
  }
}

TEST(LineFile, OneWriterAtATime) {
  const std::string path = new_path("alone");
  const LineWriter first = std::move(*append_lines(path));
  const auto second = append_lines(path);
  ASSERT_FALSE(second);
  EXPECT_NE(std::string::npos, second.error().message.find("another process"));
}

TEST(LineFile, Errors) {
  EXPECT_FALSE(open_lines("/nonexistent/x"));
  EXPECT_FALSE(append_lines("/nonexistent/x"));
  const std::string path = new_path("long");
  LineWriter writer = std::move(*append_lines(path));
  ASSERT_TRUE(add_line(writer, "12345"));
  for (const std::size_t most : {4U, 5U}) {
    LineReader reader = std::move(*open_lines(path));
    EXPECT_EQ(most >= 5, next_line(reader, most).has_value());
  }
}

}  // namespace
}  // namespace mr::sys
