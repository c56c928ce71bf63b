// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/removal.h"

#include <algorithm>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

at::Tensor Doubles(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

TEST(NumRemovedTest, IsTheNearestNumber) {
  EXPECT_EQ(NumRemoved(.01, 1024), 10);
  EXPECT_EQ(NumRemoved(.05, 1024), 51);
  EXPECT_EQ(NumRemoved(.2, 5000), 1000);
}

TEST(RemovalTestsTest, AreOfTheBlockAndAlwaysRight) {
  at::Tensor correct = at::ones({3, 100}, at::kBool);
  correct[1].slice(0, 0, 50).fill_(false);
  const EvaluationBlock block = SplitIntoBlocks(4, 100).reporting;
  const std::vector<int64_t> tests = RemovalTests(correct, block, 20);
  EXPECT_EQ(tests.size(), 20u);
  EXPECT_TRUE(std::is_sorted(tests.begin(), tests.end()));
  for (const int64_t test : tests) {
    EXPECT_GE(test, 50);
    EXPECT_EQ(test % 2, 1);
  }
  correct[2].slice(0, 60).fill_(false);
  EXPECT_EQ(RemovalTests(correct, block, 20), (std::vector<int64_t>{51, 53, 55, 57, 59}));
}

TEST(MostHelpfulTest, HaveTheLargestScores) {
  const at::Tensor scores = Doubles({.5, -3, 2, .5, 9, -1});
  EXPECT_EQ(MostHelpful(scores, 1), (std::vector<int64_t>{4}));
  EXPECT_EQ(MostHelpful(scores, 3), (std::vector<int64_t>{0, 2, 4})) << "0 and 3 are equal";
  EXPECT_EQ(MostHelpful(scores, 6).size(), 6u);
}

TEST(RandomRemovalTest, DrawsAreNestedAndDiffer) {
  const std::vector<int64_t> few = RandomRemoval(200, 10, 0), many = RandomRemoval(200, 40, 0);
  EXPECT_TRUE(std::includes(many.begin(), many.end(), few.begin(), few.end()));
  EXPECT_NE(few, RandomRemoval(200, 10, 1));
}

// Two shares, two test examples, three seeds, two random draws, by hand.
TEST(EffectOfRemovalTest, IsTheFallBelowRandomAndTheFirstFlip) {
  const at::Tensor helpful =
      Doubles({3, 3, 3, 2, 2, 5, /*share 2*/ 0, -1, -2, 2, 2, 2}).view({2, 2, 3});
  const at::Tensor correct = helpful.gt(0);
  // [share, draw, seed, test]
  const at::Tensor random =
      at::stack({at::full({2, 3}, 4.0, at::kDouble), at::full({2, 3}, 6.0, at::kDouble)}, 2)
          .unsqueeze(0)
          .repeat({2, 1, 1, 1});
  const RemovalEffect effect = EffectOfRemoval(helpful, correct, random);
  EXPECT_TRUE(at::allclose(effect.fall, Doubles({1, 3, 5, 4}).view({2, 2})));
  EXPECT_EQ(effect.smallest_flip, (std::vector<double>{.02, 0}));
}

TEST(EffectOfRemovalTest, OneOfThreeSeedsIsNoFlip) {
  at::Tensor correct = at::ones({1, 1, 3}, at::kBool);
  const at::Tensor margin = at::zeros({1, 1, 3}), random = at::zeros({1, 1, 3, 1});
  correct[0][0][1] = false;
  EXPECT_EQ(EffectOfRemoval(margin, correct, random).smallest_flip[0], 0);
  correct[0][0][2] = false;
  EXPECT_EQ(EffectOfRemoval(margin, correct, random).smallest_flip[0], .01);
}

}  // namespace
}  // namespace attribench
