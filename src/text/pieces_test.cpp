#include "text/pieces.h"

#include <gtest/gtest.h>

namespace mr::text {
namespace {

TEST(PieceTable, GrowsPastItsRoom) {
  Pieces pieces;
  PieceTable table = make_piece_table(1);
  for (int i = 0; i < 1000; ++i) {
    push(pieces, std::to_string(i));
    ASSERT_TRUE(insert(table, pieces, static_cast<Id>(i)));
  }
  push(pieces, "7");
  EXPECT_FALSE(insert(table, pieces, 1000));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(static_cast<Id>(i), find(table, pieces, std::to_string(i)));
  }
  EXPECT_EQ(kNoId, find(table, pieces, "x"));
}

}  // namespace
}  // namespace mr::text
