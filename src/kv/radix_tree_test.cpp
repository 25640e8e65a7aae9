#include "kv/radix_tree.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "kv/radix_model.h"

namespace mr::kv {
namespace {

TEST(radix_tree, like_a_map_under_random_use) {
  Rng rng{11};
  for (int round = 0; round < 400; ++round) {
    std::vector<std::uint8_t> bytes(600);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(next(rng));
    ASSERT_EQ("", drive_tree(bytes)) << "round " << round;
  }
}

}  // namespace
}  // namespace mr::kv
