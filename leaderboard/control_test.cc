// SPDX-License-Identifier: Apache-2.0
//
// The same method twice, with two seeds of its random projection: an A/A pair. Its values differ,
// but the board must not tell them apart.
#include <map>
#include <string>

#include "benchmarks/result_files.h"
#include "gtest/gtest.h"
#include "leaderboard/board.h"

namespace attribench {
namespace {

TEST(ControlTest, TheSameMethodTwiceTies) {
  const auto results = ReadResultFiles({"leaderboard/control_results"});
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 2);
  const auto board = MakeBoard(*results);
  ASSERT_TRUE(board.ok()) << board.status();
  std::map<std::string, std::map<std::string, const Row*>> rows;  // by tuner, then by method
  for (const Row& row : board->rows) rows[row.entry.tuner()][row.method] = &row;
  int compared = 0;
  for (const auto& [tuner, of_method] : rows) {
    ASSERT_EQ(of_method.size(), 2) << tuner;
    const Row& once = *of_method.at("trak_10");
    const Row& again = *of_method.at("trak_10_again");
    const double ratio = once.entry.absolute_damping() / again.entry.absolute_damping();
    if (ratio < .9 || ratio > 1.1) continue;
    ++compared;
    EXPECT_NE(once.metrics[0].estimate->value(), again.metrics[0].estimate->value()) << tuner;
    EXPECT_LE(once.rank.low, again.rank.high) << tuner;
    EXPECT_LE(again.rank.low, once.rank.high) << tuner;
  }
  EXPECT_GE(compared, 4);
}

}  // namespace
}  // namespace attribench
