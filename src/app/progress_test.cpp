#include "app/progress.h"

#include <gtest/gtest.h>

namespace mr::app {
namespace {

using std::chrono::seconds;

/// What is shown on stderr of one step of four after ten seconds, and of the next one at once.
std::string shown(bool terminal, seconds since_last) {
  Progress progress{.label = "loading"};
  progress.terminal = terminal;
  progress.start -= seconds(10);
  progress.shown -= since_last;
  testing::internal::CaptureStderr();
  show(progress, 1, 4, ", so far good");
  show(progress, 2, 4, "");
  clear(progress);
  clear(progress);
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, IsABarOnATerminal) {
  EXPECT_EQ("\rloading [######..................] 1/4, 30 s left, so far good\033[K\r\033[K",
            shown(true, seconds(1)));
  EXPECT_EQ("", shown(true, seconds(0)));
}

TEST(Progress, IsALineEveryFiveSecondsElsewhere) {
  EXPECT_EQ("millrace: loading 1 of 4, 30 s left, so far good\n", shown(false, seconds(6)));
  EXPECT_EQ("", shown(false, seconds(4)));
}

}  // namespace
}  // namespace mr::app
