#include "io/json.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mr::json {
namespace {

TEST(Json, GettersNameKeyWantedAndFound) {
  const auto document = parse(
      R"({"n":3,"big":5000000000,"x":1.5,"s":"t\u0001","b":true,"nothing":null,"o":{"n":1}})");
  ASSERT_TRUE(document) << document.error().message;
  const auto& object = *root_object(*document).value();
  EXPECT_EQ(get<std::uint32_t>(object, "n").value(), 3U);
  EXPECT_EQ(get<double>(object, "n").value(), 3.0);
  EXPECT_EQ(get<double>(object, "x").value(), 1.5);
  EXPECT_EQ(get<std::int64_t>(object, "big").value(), 5000000000);
  EXPECT_EQ(get<std::string>(object, "s").value(), "t\x01");
  EXPECT_TRUE(get<bool>(object, "b").value());
  EXPECT_FALSE(get_optional<bool>(object, "nothing").value().has_value());
  EXPECT_EQ(get_or<std::uint32_t>(object, "absent", 7).value(), 7U);
  EXPECT_EQ(get<std::uint32_t>(*get<const boost::json::object*>(object, "o").value(), "n").value(),
            1U);
  EXPECT_EQ(get<std::uint32_t>(object, "big").error().message,
            "field 'big': wanted an integer from 0 to 4294967295, found 5000000000");
  EXPECT_EQ(get<bool>(object, "s").error().message,
            "field 's': wanted a bool, found the string 't\\x01'");
  EXPECT_EQ(get<bool>(object, "absent").error().message,
            "field 'absent': wanted a bool, found no such field");
}

TEST(Json, FloatsAreReadExactly) {
  const auto document = parse(
      " [3.0318594544552594e-87, -1.3446586418989325e-299, 9.553557779573523e+253, 5e-324,"
      " 0.30000000000000004, 100000000000000000000, 1.5, -0.0, 1e400, 7] ");
  ASSERT_TRUE(document) << document.error().message;
  const double expected[] = {3.0318594544552594e-87,
                             -1.3446586418989325e-299,
                             9.553557779573523e+253,
                             5e-324,
                             0.30000000000000004,
                             1e20,
                             1.5,
                             -0.0,
                             HUGE_VAL};
  const auto& found = document->root.as_array();
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(found.at(i).as_double(), expected[i]) << i;
  }
  EXPECT_EQ(found.at(9).as_int64(), 7);
  EXPECT_FALSE(parse("1.5e"));
  EXPECT_EQ(parse("1.25").value().root.as_double(), 1.25);
}

TEST(Json, Limits) {
  EXPECT_TRUE(parse("\xef\xbb\xbf[]"));
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("[] []"));
  EXPECT_FALSE(parse("{\"a\":\"\xff\"}"));
  EXPECT_TRUE(parse(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(parse(std::string(65, '[') + std::string(65, ']')));
  EXPECT_TRUE(parse("[1]", {.max_bytes = 3}));
  EXPECT_FALSE(parse("[1] ", {.max_bytes = 3}));
  const auto large =
      parse(std::string(1000, ' ') + "\"" + std::string(5000, 'x') + "\"", {.memory_bytes = 4000});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().message, "the JSON needs more than 4000 bytes of memory");
}

}  // namespace
}  // namespace mr::json
