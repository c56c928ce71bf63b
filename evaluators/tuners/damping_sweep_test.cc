// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/damping_sweep.h"

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "evaluators/tuners/made_up_attribution.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

const at::Tensor& Subsets() {
  static const auto* subsets = new at::Tensor(Normal(kSubsets, kTrain, 1).gt(0));
  return *subsets;
}

TEST(DampingSweepTest, SumsAreThoseOfTheScoresAndComputedOnce) {
  MadeUpAttribution fitted(Normal(kTrain, kTests, 2));
  DampingSweep sweep = *DampingSweep::Make(fitted, Subsets());
  CostLedger ledger;
  const auto first = sweep.Sums({10, ABSOLUTE}, ledger), again = sweep.Sums({10, ABSOLUTE}, ledger);
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(*first, *again);
  EXPECT_EQ(fitted.scorings, 1);
  CostLedger nobody;
  EXPECT_TRUE(at::allclose(
      (*first)->subset_scores,
      at::matmul(Subsets().to(at::kDouble), *fitted.Scores({10, ABSOLUTE}, nobody)), 1e-12));
  EXPECT_EQ((*first)->cost.flops, 1000);
  EXPECT_EQ(ledger.Total().flops, 0) << "the caller charges";
}

// If scores fail at one damping, the cost is measured at another damping.
TEST(DampingSweepTest, TheCostOfScoringIsMeasuredOnOneScoreMatrix) {
  MadeUpAttribution fitted(Normal(kTrain, kTests, 2));
  fitted.broken_at = 10;
  DampingSweep sweep = *DampingSweep::Make(fitted, Subsets());
  CostLedger ledger;
  EXPECT_EQ(sweep.ScoringCost({10, ABSOLUTE}, ledger).status().code(), absl::StatusCode::kDataLoss);
  for (const double damping : {1.0, 100.0}) {
    const absl::StatusOr<Cost> cost = sweep.ScoringCost({damping, ABSOLUTE}, ledger);
    ASSERT_TRUE(cost.ok()) << cost.status();
    EXPECT_EQ(cost->flops, 1000);
  }
  EXPECT_EQ(fitted.scorings, 2);
  EXPECT_EQ(ledger.Total().flops, 0);
}

TEST(DampingSweepTest, AMethodThatThrowsFailsAtThatDampingAlone) {
  MadeUpAttribution fitted(Normal(kTrain, kTests, 2));
  fitted.throws_at = 10;
  DampingSweep sweep = *DampingSweep::Make(fitted, Subsets());
  CostLedger ledger;
  EXPECT_EQ(sweep.Sums({10, ABSOLUTE}, ledger).status().message(), "scoring: a shape is wrong");
  EXPECT_EQ(sweep.Moments({{10, ABSOLUTE}}, ledger).status().code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(sweep.Sums({1, ABSOLUTE}, ledger).ok());
  EXPECT_TRUE(sweep.Moments({{1, ABSOLUTE}}, ledger).ok());
}

// The sums are finite in double, but as float32 such scores would be infinite.
TEST(DampingSweepTest, SumsBeyondTheRangeOfFloatAreRefused) {
  const at::Tensor normal = Normal(kTrain, kTests, 2);
  MadeUpAttribution fits(normal.mul(1e36)), too_large(normal.mul(1e39));
  CostLedger ledger;
  DampingSweep sweep = *DampingSweep::Make(fits, Subsets());
  EXPECT_TRUE(sweep.Sums({1, ABSOLUTE}, ledger).ok());
  sweep = *DampingSweep::Make(too_large, Subsets());
  const absl::Status status = sweep.Sums({1, ABSOLUTE}, ledger).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(status.message(), "beyond the range of float32")) << status;
}

// Sums that cost less than the scores.
class WithScorer : public MadeUpAttribution {
 public:
  using MadeUpAttribution::MadeUpAttribution;
  absl::StatusOr<std::unique_ptr<SubsetScorer>> ScoreSubsets(const at::Tensor&,
                                                             CostLedger& ledger) override {
    Cost cost;
    cost.flops = 300;
    ledger.Charge(cost);
    return std::unique_ptr<SubsetScorer>(new Zeros);
  }

 private:
  class Zeros : public SubsetScorer {
    absl::StatusOr<at::Tensor> Sums(const Damping&, CostLedger& ledger) override {
      Cost cost;
      cost.flops = 10;
      ledger.Charge(cost);
      return at::zeros({kSubsets, kTests}, at::kDouble);
    }
  };
};

TEST(DampingSweepTest, PreparationAndSumsAreChargedApartFromScores) {
  WithScorer fitted(Normal(kTrain, kTests, 2));
  DampingSweep sweep = *DampingSweep::Make(fitted, Subsets());
  CostLedger ledger;
  EXPECT_EQ(sweep.preparation().flops, 300);
  EXPECT_EQ((*sweep.Sums({1, ABSOLUTE}, ledger))->cost.flops, 10);
  EXPECT_EQ(fitted.scorings, 0);
  EXPECT_EQ(sweep.ScoringCost({1, ABSOLUTE}, ledger)->flops, 1000);
}

TEST(DampingSweepTest, PreparesManyDampingsOnceAndKeepsTheCost) {
  MadeUpAttribution fitted(Normal(kTrain, kTests, 2));
  fitted.preparation_flops = 9000;
  const DampingSweep sweep = *DampingSweep::Make(fitted, Subsets());
  EXPECT_EQ(sweep.many_dampings().flops, 9000);
  EXPECT_EQ(sweep.preparation().flops, 0);
}

TEST(DampingSweepTest, MomentsAreComputedOnceForAListOfDampings) {
  MadeUpAttribution fitted(Normal(kTrain, kTests, 2));
  DampingSweep sweep = *DampingSweep::Make(fitted, Subsets());
  CostLedger ledger;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ((*sweep.Moments({{1, ABSOLUTE}}, ledger))->cost.flops, 7);
  }
  EXPECT_EQ(fitted.moment_calls, 1);
}

}  // namespace
}  // namespace attribench
