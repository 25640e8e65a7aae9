#include "sys/text_file.h"

#include <gtest/gtest.h>

namespace mr::sys {
namespace {

TEST(TextFile, ReadsFilesWithoutASize) {
  const auto text = read_text("/proc/self/status");
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_NE(std::string::npos, text->find("\nPid:"));
}

TEST(TextFile, NamesTheFileThatFails) {
  const std::string page = std::string(MILLRACE_SOURCE_DIR) + "/LICENSE";
  EXPECT_EQ(page + ": more than 1000 bytes", read_text(page, 1000).error().message);
  EXPECT_EQ("/no/such: No such file or directory", read_text("/no/such").error().message);
  EXPECT_EQ("/proc: Is a directory", read_text("/proc").error().message);
}

TEST(TextFile, GoesLineByLine) {
  std::string_view text = "a\n\nb";
  EXPECT_EQ("a", take_line(text));
  EXPECT_EQ("", take_line(text));
  EXPECT_EQ("b", take_line(text));
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace mr::sys
