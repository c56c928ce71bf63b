// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/paired_bootstrap.h"

#include <cmath>

#include "gtest/gtest.h"

namespace attribench {
namespace {

// n values, half of them 0 and half 1. Over resamples, their mean has the mean 1/2 and the standard
// deviation 1 / (2 sqrt(n)) = .05. 2000 resamples know the mean to 1 / sqrt(2000) = 2.2% of .05,
// and the standard deviation to 1 / sqrt(4000) = 1.6% of it. The tolerances are four times as wide.
TEST(PairedBootstrapTest, MeansSpreadAsTheyMust) {
  constexpr int kTests = 100;
  std::vector<double> values;
  for (int i = 0; i < kTests; ++i) values.push_back(i % 2);
  const std::vector<double> means = PairedBootstrap(kTests).Means(values);
  ASSERT_EQ(means.size(), 2000);
  double sum = 0, squares = 0;
  for (const double mean : means) {
    sum += mean;
    squares += (mean - .5) * (mean - .5);
  }
  EXPECT_NEAR(sum / 2000, .5, .05 * 4 * .022);
  EXPECT_NEAR(std::sqrt(squares / 2000), .05, .05 * 4 * .016);
}

TEST(PairedBootstrapTest, SameResamplesForEverything) {
  const std::vector<double> a = {.1, .9, .4, .3}, b = {1.1, 1.9, 1.4, 1.3};
  const PairedBootstrap bootstrap(4);
  const std::vector<double> of_a = bootstrap.Means(a), of_b = PairedBootstrap(4).Means(b);
  for (int i = 0; i < 2000; ++i) EXPECT_NEAR(of_b[i] - of_a[i], 1, 1e-12);
  EXPECT_TRUE(ClearlyAbove(of_b, of_a));
  EXPECT_FALSE(ClearlyAbove(of_a, of_b));
  EXPECT_FALSE(ClearlyAbove(of_a, of_a));
}

TEST(PercentileIntervalTest, LeavesOutFiftyAtEachEnd) {
  std::vector<double> values;
  for (int i = 0; i < 2000; ++i) values.push_back((i * 7) % 2000);
  const auto [low, high] = PercentileInterval(values);
  EXPECT_EQ(low, 50);
  EXPECT_EQ(high, 1949);
}

}  // namespace
}  // namespace attribench
