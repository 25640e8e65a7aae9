#include "spec/settings.h"

#include <gtest/gtest.h>

namespace mr::spec {
namespace {

TEST(Settings, NamesMethodsAndShapes) {
  EXPECT_TRUE(parse_settings("off")->choices.empty());
  const Settings automatic = *parse_settings("auto");
  EXPECT_TRUE(automatic.weighed);
  EXPECT_FALSE(automatic.choices.empty());
  const Settings two = *parse_settings("lookup:depth=3,nodes=5+random");
  EXPECT_FALSE(two.weighed);
  ASSERT_EQ(2U, two.choices.size());
  EXPECT_EQ("lookup", two.choices[0].method->name);
  EXPECT_EQ(3, two.choices[0].shape.depth);
  EXPECT_EQ(5, two.choices[0].shape.nodes);
  EXPECT_EQ(find_method("lookup")->shape.width, two.choices[0].shape.width);
  EXPECT_TRUE(parse_settings("auto+jacobi")->weighed);
}

TEST(Settings, SaysWhatIsWrong) {
  const auto message = [](const char* text) {
    const auto settings = parse_settings(text);
    EXPECT_FALSE(settings) << text;
    return settings ? "" : settings.error().message;
  };
  EXPECT_NE(std::string::npos, message("magic").find("'magic'"));
  EXPECT_NE(std::string::npos, message("").find("lookup"));
  EXPECT_NE(std::string::npos, message("lookup+").find("''"));
  EXPECT_NE(std::string::npos, message("auto:depth=3").find("auto"));
  EXPECT_NE(std::string::npos, message("lookup:depth=0").find("1 to 64"));
  EXPECT_NE(std::string::npos, message("lookup:depth=65").find("'65'"));
  EXPECT_NE(std::string::npos, message("lookup:depth=3x").find("'3x'"));
  EXPECT_NE(std::string::npos, message("lookup:deep=3").find("'deep=3'"));
  EXPECT_NE(std::string::npos, message("off+lookup").find("off"));
}

}  // namespace
}  // namespace mr::spec
