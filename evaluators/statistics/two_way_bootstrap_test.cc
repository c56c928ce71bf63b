// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/two_way_bootstrap.h"

#include <cmath>
#include <numeric>

#include "gtest/gtest.h"

namespace attribench {
namespace {

double Sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// A value that depends on the subset alone: +.5 or -.5, the same for every test example. The mean
// of n resampled subsets has the standard deviation .5 / sqrt(n), so the 95% interval reaches 1.96
// x .5 / sqrt(100) = .098 to each side. 2,000 resamples know a 2.5% quantile to sqrt(.025 x .975 /
// 2000) / .058 = 6% of a standard deviation (.058 is the normal density there); four times that is
// .012.
TEST(TwoWayBootstrapTest, SubsetsAloneGiveTheirInterval) {
  const auto values = [](const std::vector<double>& counts) {
    double sum = 0;
    for (size_t s = 0; s < counts.size(); ++s) sum += counts[s] * (s % 2 == 0 ? .5 : -.5);
    return std::vector<double>(7, sum / Sum(counts));
  };
  const Estimate estimate = TwoWayBootstrap(100, 7, 2000, 1, values);
  EXPECT_NEAR(estimate.value, 0, 1e-15);
  EXPECT_NEAR(estimate.low, -.098, .012);
  EXPECT_NEAR(estimate.high, .098, .012);
}

// The same, with the roles of subsets and test examples exchanged.
TEST(TwoWayBootstrapTest, TestExamplesAloneGiveTheirInterval) {
  const auto values = [](const std::vector<double>&) {
    std::vector<double> result;
    for (int t = 0; t < 100; ++t) result.push_back(t % 2 == 0 ? .5 : -.5);
    return result;
  };
  const Estimate estimate = TwoWayBootstrap(7, 100, 2000, 1, values);
  EXPECT_NEAR(estimate.value, 0, 1e-15);
  EXPECT_NEAR(estimate.low, -.098, .012);
  EXPECT_NEAR(estimate.high, .098, .012);
}

// Resamples that all lie .1 below the estimate give an interval that reaches .1 above it, and not
// beyond 1.
TEST(TwoWayBootstrapTest, TheIntervalIsReflectedAtTheEstimateAndClamped) {
  const auto biased = [](double value) {
    return [value](const std::vector<double>& counts) {
      for (const double count : counts) {
        if (count != 1) return std::vector<double>(3, value - .1);
      }
      return std::vector<double>(3, value);
    };
  };
  const Estimate middle = TwoWayBootstrap(20, 3, 200, 1, biased(.5));
  EXPECT_DOUBLE_EQ(middle.value, .5);
  EXPECT_DOUBLE_EQ(middle.low, .5);
  EXPECT_DOUBLE_EQ(middle.high, .6);
  EXPECT_EQ(TwoWayBootstrap(20, 3, 200, 1, biased(.95)).high, 1);
}

TEST(TwoWayBootstrapTest, EveryResampleDrawsAsManySubsetsAsThereAre) {
  std::vector<std::vector<double>> draws;
  const auto values = [&](const std::vector<double>& counts) {
    draws.push_back(counts);
    return std::vector<double>(2, 0);
  };
  TwoWayBootstrap(9, 2, 5, 3, values);
  ASSERT_EQ(draws.size(), 6) << "the sample itself and 5 resamples";
  EXPECT_EQ(draws[0], std::vector<double>(9, 1));
  for (const std::vector<double>& counts : draws) EXPECT_EQ(Sum(counts), 9);
  const std::vector<std::vector<double>> first = draws;
  draws.clear();
  TwoWayBootstrap(9, 2, 5, 3, values);
  EXPECT_EQ(draws, first) << "a function of the arguments alone";
  draws.clear();
  TwoWayBootstrap(9, 2, 5, 4, values);
  EXPECT_NE(draws, first) << "another seed";
}

TEST(TwoWayBootstrapTest, WithoutResamplesThereIsNoInterval) {
  const Estimate estimate = TwoWayBootstrap(4, 2, 0, 1, [](const std::vector<double>&) {
    return std::vector<double>{.25, .75};
  });
  EXPECT_EQ(estimate.value, .5);
  EXPECT_EQ(estimate.low, .5);
  EXPECT_EQ(estimate.high, .5);
}

}  // namespace
}  // namespace attribench
