#include "text/valid_utf8.h"

#include <gtest/gtest.h>

namespace mr::text {
namespace {

TEST(ValidUtf8, ReplacesWhatIsNone) {
  EXPECT_EQ("", valid_utf8(""));
  EXPECT_EQ("a\u00e9\u20ac\U0001f600", valid_utf8("a\u00e9\u20ac\U0001f600"));
  EXPECT_EQ("a\ufffdb", valid_utf8("a\x80"
                                   "b"));
  EXPECT_EQ("\ufffd\ufffdx", valid_utf8("\xce\xffx"));
  EXPECT_EQ("\ufffd", valid_utf8("\xce"));
}

}  // namespace
}  // namespace mr::text
