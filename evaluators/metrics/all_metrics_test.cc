// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/all_metrics.h"

#include <set>
#include <string>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(AllMetricsTest, NamesAreUniqueAndPlainAndLdsRanks) {
  const GroundTruth truth = {at::ones({4, 6}, at::kBool), at::rand({4, 2, 3}), at::rand({4, 2, 3})};
  const auto metrics = AllMetrics(truth, {{0, 1, 2, 3}, {0, 1, 2}});
  ASSERT_FALSE(metrics.empty());
  EXPECT_EQ(metrics[0]->name(), "lds");
  std::set<std::string> names;
  for (const auto& metric : metrics) {
    EXPECT_TRUE(names.insert(metric->name()).second) << metric->name();
    EXPECT_EQ(metric->name().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string::npos)
        << metric->name();
    EXPECT_FALSE(metric->unit().empty()) << metric->name();
  }
}

// Ten examples, each left out once. The metric is Pearson's correlation of their scores and of how
// much the outputs fall without them, by its formula.
TEST(AllMetricsTest, LeaveOneOutIsTheCorrelationOfScoresAndFalls) {
  const int64_t n = 10, tests = 3;
  GroundTruth truth;
  truth.subsets = at::eye(n, at::kBool).logical_not();
  truth.negative_loss = at::randn({n, 2, tests});
  truth.margin = at::randn({n, 2, tests});
  const at::Tensor scores = at::randn({n, tests}, at::kDouble);
  const auto metrics = AllMetrics(truth, {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {0, 1, 2}});
  ASSERT_EQ(metrics.size(), 3u);
  EXPECT_EQ(metrics[2]->name(), "loo");
  MeasuredScores measured;
  measured.subset_scores = at::matmul(truth.subsets.to(at::kDouble), scores);
  const auto measurement = metrics[2]->Measure(measured);
  ASSERT_TRUE(measurement.ok()) << measurement.status();
  const at::Tensor falls = truth.negative_loss.to(at::kDouble).mean(1).neg();
  const at::Tensor a = scores.sub(scores.mean(0)), b = falls.sub(falls.mean(0));
  const at::Tensor expected = a.mul(b).sum(0).div(a.norm(2, 0).mul(b.norm(2, 0)));
  for (int64_t t = 0; t < tests; ++t) {
    EXPECT_NEAR(measurement->per_unit[t], expected[t].item<double>(), 1e-12);
  }
}

TEST(AllMetricsTest, OtherSubsetsHaveNoLeaveOneOut) {
  GroundTruth truth = {at::ones({4, 6}, at::kBool), at::rand({4, 2, 3}), {}};
  truth.subsets.select(1, 0).fill_(false);
  truth.subsets[0][1] = false;
  for (const auto& metric : AllMetrics(truth, {{0, 1, 2, 3}, {0, 1, 2}})) {
    EXPECT_NE(metric->name(), "loo");
  }
}

}  // namespace
}  // namespace attribench
