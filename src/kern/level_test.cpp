#include "kern/level.h"

#include <gtest/gtest.h>

#include "kern/cuda/device.h"

namespace mr::kern {
namespace {

TEST(Level, EveryNameThatRunsHereCanBePicked) {
  for (const LevelInfo& info : levels()) {
    const auto picked = pick_level(info.name);
    ASSERT_EQ(info.missing.empty(), picked.has_value());
    if (picked) {
      EXPECT_EQ(info.level, *picked);
      EXPECT_STREQ(info.name, table(*picked).name);
    } else {
      EXPECT_EQ(Fault::bad_request, picked.error().fault);
      EXPECT_NE(std::string::npos, picked.error().message.find(info.missing));
    }
  }
}

TEST(Level, UnknownNamesAreRefused) {
  const auto picked = pick_level("sse9\n");
  ASSERT_FALSE(picked);
  EXPECT_EQ(Fault::bad_request, picked.error().fault);
  EXPECT_EQ("level: wanted one of ref, avx2, avx2_vnni, avx512, amx, cuda, found 'sse9\\x0a'",
            picked.error().message);
}

TEST(Level, NoWishGivesTheFastestOfTheProcessor) {
  const auto picked = pick_level("");
  ASSERT_TRUE(picked);
  Level fastest = Level::ref;
  for (const LevelInfo& info : levels()) {
    if (info.level != Level::cuda && info.missing.empty()) fastest = info.level;
  }
  EXPECT_EQ(fastest, *picked);
}

TEST(Level, TablesAreComplete) {
  for (const LevelInfo& info : levels()) {
    if (!info.compiled) continue;
    const Table& ops = table(info.level);
    const auto* entry = reinterpret_cast<void* const*>(&ops);
    for (std::size_t i = 0; i < sizeof ops / sizeof *entry; ++i) EXPECT_NE(nullptr, entry[i]) << i;
  }
}

}  // namespace
}  // namespace mr::kern
