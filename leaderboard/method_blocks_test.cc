// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/method_blocks.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Tuners(const MethodBlock& block) {
  std::vector<std::string> tuners;
  for (const Row* row : block.rows) tuners.push_back(row->entry.tuner());
  return tuners;
}

TEST(MethodBlocksTest, RowsOfAMethodStandTogether) {
  const auto board = MakeBoard(SampleResults());
  ASSERT_TRUE(board.ok()) << board.status();
  const std::vector<MethodBlock> blocks = MethodBlocks(*board, "drawn");
  ASSERT_EQ(blocks.size(), 2);
  EXPECT_EQ(blocks[0].method, "sharp");
  EXPECT_THAT(Tuners(blocks[0]), ElementsAre("grid_search_50", kSampleSelector, "grid_search_20",
                                             "grid_search_5", "default"));
  EXPECT_EQ(blocks[0].selector->entry.tuner(), kSampleSelector);
  EXPECT_EQ(blocks[0].search->entry.tuner(), "grid_search_50");
  ASSERT_EQ(blocks[0].headlines.size(), 1);
  EXPECT_EQ(blocks[0].headlines[0]->setting, "drawn");
  EXPECT_FALSE(blocks[0].all_failed);
  EXPECT_EQ(blocks[1].method, "blunt");
  EXPECT_THAT(Tuners(blocks[1]), ElementsAre("default", "mean_eigenvalue"));
  EXPECT_EQ(blocks[1].selector, nullptr);
  EXPECT_EQ(blocks[1].search, nullptr);
  EXPECT_THAT(blocks[1].headlines, IsEmpty());
  EXPECT_FALSE(blocks[1].all_failed);
}

TEST(MethodBlocksTest, FirstSelectorByNameAlsoIfItFailed) {
  MethodResult result = SampleResult("s", "m");
  AddEntry(SampleEntry("b_rule", {.5, .5}, SELECTOR), result);
  AddEntry(SampleEntry("a_rule", {.1, .1}, SELECTOR), result);
  auto board = MakeBoard({result});
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_EQ(MethodBlocks(*board, "s")[0].selector->entry.tuner(), "a_rule");
  for (Entry& entry : *result.mutable_entries()) entry.set_status(TIMEOUT);
  board = MakeBoard({result});
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_EQ(MethodBlocks(*board, "s")[0].selector->entry.tuner(), "a_rule");
  EXPECT_TRUE(MethodBlocks(*board, "s")[0].all_failed);
}

TEST(FixedTunersTest, ThoseOfTheSettingByName) {
  std::vector<MethodResult> results = SampleResults();
  AddEntry(SampleEntry("a_value", std::vector<double>(250, .1)), results[0]);
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(FixedTuners(*board, results[0].setting().name()), ElementsAre("a_value", "default"));
  EXPECT_THAT(FixedTuners(*board, "drawn"), ElementsAre("default", "mean_eigenvalue"));
}

}  // namespace
}  // namespace attribench
