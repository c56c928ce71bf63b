// SPDX-License-Identifier: Apache-2.0
#include "evaluators/evaluation_blocks.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(EvaluationBlocksTest, HalvesAreDisjointAndWhole) {
  const EvaluationBlocks blocks = SplitIntoBlocks(5, 4);
  EXPECT_EQ(blocks.tuning.subsets, (std::vector<int64_t>{0, 2, 4}));
  EXPECT_EQ(blocks.reporting.subsets, (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(blocks.tuning.tests, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(blocks.reporting.tests, (std::vector<int64_t>{1, 3}));
}

TEST(EvaluationBlocksTest, OneSubsetIsForTuning) {
  const EvaluationBlocks blocks = SplitIntoBlocks(1, 0);
  EXPECT_EQ(blocks.tuning.subsets, std::vector<int64_t>{0});
  EXPECT_TRUE(blocks.reporting.subsets.empty());
  EXPECT_TRUE(blocks.tuning.tests.empty());
  EXPECT_TRUE(blocks.reporting.tests.empty());
}

}  // namespace
}  // namespace attribench
