// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/out_of_bag.h"

#include "ATen/ATen.h"
#include "evaluators/tuners/made_up_attribution.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// By hand: the second of three halves is predicted by the mean of the first and the third model.
TEST(OutOfBagTest, AModelIsPredictedByTheOthers) {
  // predicted[k][m]: by model k of the half of model m, for one target.
  const at::Tensor predicted = at::tensor({9.0, 1.0, 2.0,  //
                                           5.0, 9.0, 3.0,  //
                                           1.0, 5.0, 9.0})
                                   .view({3, 3, 1});
  // By others: (5 + 1) / 2 = 3, (1 + 5) / 2 = 3 and (2 + 3) / 2 = 2.5. Ranks 2.5, 2.5, 1.
  const at::Tensor outputs = at::tensor({1.0, 3.0, 2.0}).view({3, 1});
  // Spearman of (2.5, 2.5, 1) and (1, 3, 2): deviations (.5, .5, -1) and (-1, 1, 0): 0.
  EXPECT_NEAR(*OutOfBagLds(predicted, outputs), 0, 1e-12);
  const at::Tensor others = at::tensor({2.0, 3.0, 1.0}).view({3, 1});
  // Deviations (.5, .5, -1) and (0, 1, -1): 1.5 / sqrt(1.5 * 2) = .866.
  EXPECT_NEAR(*OutOfBagLds(predicted, others), 1.5 / std::sqrt(3.0), 1e-12);
}

TEST(OutOfBagTest, TargetsThatDoNotVaryAreLeftOut) {
  at::Tensor predicted = Normal(16, 3, 1).view({4, 4, 3});
  at::Tensor outputs = Normal(4, 3, 2);
  const double of_two = *OutOfBagLds(predicted.slice(2, 0, 2), outputs.slice(1, 0, 2));
  outputs.select(1, 2).fill_(1);
  EXPECT_NEAR(*OutOfBagLds(predicted, outputs), of_two, 1e-12);
  outputs.fill_(1);
  EXPECT_EQ(OutOfBagLds(predicted, outputs).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OutOfBagLds(predicted.slice(0, 0, 1), outputs).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(OutOfBagTest, ATargetsOwnScoreCountsOnlyInSubsetsThatHoldIt) {
  const at::Tensor subsets = at::tensor({1, 0, 0, 1}, at::kLong).view({2, 2}).to(at::kBool);
  const TrainingTargetSums sums = {at::tensor({5.0, 6.0, 7.0, 8.0}).to(at::kDouble).view({1, 2, 2}),
                                   at::tensor({1.0, 2.0}).to(at::kDouble).view({1, 2})};
  EXPECT_TRUE(at::equal(WithoutOwnScores(sums, subsets).flatten(),
                        at::tensor({4.0, 6.0, 7.0, 6.0}).to(at::kDouble)));
}

TEST(OutOfBagTest, TheChangeIsComparedOverUnseenExamplesOnly) {
  const at::Tensor predicted = at::tensor({1.0, 2.0, 3.0, 100.0}).to(at::kDouble);
  const at::Tensor change = at::tensor({-1.0, 0.0, 5.0, -9.0}).to(at::kDouble);
  const at::Tensor unseen = at::tensor({1, 1, 1, 0}, at::kLong).to(at::kBool);
  EXPECT_NEAR(*ChangeCorrelation(predicted, change, unseen), 1, 1e-12);
}

}  // namespace
}  // namespace attribench
