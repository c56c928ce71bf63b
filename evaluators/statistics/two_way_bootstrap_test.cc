// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/two_way_bootstrap.h"

#include <cmath>

#include "gtest/gtest.h"

namespace attribench {
namespace {

// n effects, half of them -.5 and half .5.
std::vector<double> Halves(int n) {
  std::vector<double> effects;
  for (int i = 0; i < n; ++i) effects.push_back(i % 2 == 0 ? .5 : -.5);
  return effects;
}

// The mean of 100 draws has the standard deviation .5 / sqrt(100) = .05; with the stretch,
// sqrt(100 / 99) x 1.984 / 1.960 = 1.0173, it is .05087. So the 95% interval reaches .0997 to each
// side. 2,000 resamples know a 2.5% quantile to sqrt(.025 x .975 / 2000) / .058 = 6% of a standard
// deviation (.058 is the normal density there); four times that is .012.
TEST(TwoWayBootstrapTest, EachSideGivesItsInterval) {
  for (const bool subsets : {true, false}) {
    TwoWayEffects effects;
    (subsets ? effects.subsets : effects.tests) = Halves(100);
    const auto [low, high] = PercentileInterval(TwoWayBootstrap(100, 100).Deviations(effects));
    EXPECT_NEAR(low, -.0997, .012) << "subsets: " << subsets;
    EXPECT_NEAR(high, .0997, .012) << "subsets: " << subsets;
  }
}

// The two sides are drawn independently, so their variances add up: a factor of sqrt(2).
TEST(TwoWayBootstrapTest, TheTwoSidesAddUp) {
  const auto [low, high] =
      PercentileInterval(TwoWayBootstrap(100, 100).Deviations({Halves(100), Halves(100)}));
  EXPECT_NEAR(low, -.0997 * M_SQRT2, .012 * M_SQRT2);
  EXPECT_NEAR(high, .0997 * M_SQRT2, .012 * M_SQRT2);
}

TEST(TwoWayBootstrapTest, DeviationsOfADifferenceAreDifferencesOfDeviations) {
  const std::vector<double> a = {.1, -.3, .2}, b = {-.2, .1, .1}, difference = {.3, -.4, .1};
  const std::vector<double> of_a = TwoWayBootstrap(3, 3).Deviations({a, b});
  const std::vector<double> of_b = TwoWayBootstrap(3, 3).Deviations({b, a});
  const std::vector<double> of_difference =
      TwoWayBootstrap(3, 3).Deviations({difference, {-.3, .4, -.1}});
  for (int i = 0; i < TwoWayBootstrap::kResamples; ++i) {
    EXPECT_NEAR(of_a[i] - of_b[i], of_difference[i], 1e-12);
  }
}

TEST(TwoWayBootstrapTest, OneAloneHasNoSpread) {
  const std::vector<double> deviations = TwoWayBootstrap(1, 0).Deviations({{0}, {}});
  ASSERT_EQ(deviations.size(), 2000);
  for (const double deviation : deviations) EXPECT_EQ(deviation, 0);
}

TEST(PercentileIntervalTest, LeavesOutFiftyAtEachEnd) {
  std::vector<double> values;
  for (int i = 0; i < 2000; ++i) values.push_back((i * 7) % 2000);
  const auto [low, high] = PercentileInterval(values);
  EXPECT_EQ(low, 50);
  EXPECT_EQ(high, 1949);
}

// From tables of the t distribution, to their last digit.
TEST(StudentQuantileTest, AgreesWithTables) {
  EXPECT_NEAR(StudentQuantile(1), 12.706, .0005);
  EXPECT_NEAR(StudentQuantile(2), 4.303, .0005);
  EXPECT_NEAR(StudentQuantile(3), 3.182, .005) << "the series has few terms";
  EXPECT_NEAR(StudentQuantile(5), 2.571, .001);
  EXPECT_NEAR(StudentQuantile(24), 2.064, .0005);
  EXPECT_NEAR(StudentQuantile(1000000), 1.960, .0005);
}

}  // namespace
}  // namespace attribench
