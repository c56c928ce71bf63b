// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/two_way_jackknife.h"

#include <cmath>

#include "datasets/random_stream.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// The jackknife of plain means: values[t] is the mean over subsets of table[s][t].
JackknifedMean OfMeans(const std::vector<std::vector<double>>& table) {
  const size_t m = table.size(), t = table[0].size();
  std::vector<double> values(t, 0);
  for (const auto& row : table) {
    for (size_t i = 0; i < t; ++i) values[i] += row[i] / m;
  }
  std::vector<std::vector<double>> without(m, std::vector<double>(t));
  for (size_t s = 0; s < m; ++s) {
    for (size_t i = 0; i < t; ++i) without[s][i] = (m * values[i] - table[s][i]) / (m - 1);
  }
  return TwoWayJackknife(values, without);
}

double Variance(const std::vector<double>& effects) {
  double sum = 0;
  for (const double effect : effects) sum += effect * effect;
  return sum / (effects.size() - 1);
}

// Subsets alone differ: 1, 2, 6 around their mean 3.
TEST(TwoWayJackknifeTest, EffectsOfAMeanAreItsDeviations) {
  const JackknifedMean mean = OfMeans({{1, 1}, {2, 2}, {6, 6}});
  EXPECT_NEAR(mean.value, 3, 1e-12);
  EXPECT_NEAR(mean.unbiased, 3, 1e-12);
  ASSERT_EQ(mean.effects.subsets.size(), 3);
  EXPECT_NEAR(mean.effects.subsets[0], -2, 1e-12);
  EXPECT_NEAR(mean.effects.subsets[2], 3, 1e-12);
  EXPECT_NEAR(mean.effects.tests[0], 0, 1e-12);
}

TEST(TwoWayJackknifeTest, TakesAwayTheBiasOfOrderOne) {
  // values are 1 + 1/m for m = 4; with one left out 1 + 1/3.
  const JackknifedMean mean = TwoWayJackknife({1.25}, {{4. / 3}, {4. / 3}, {4. / 3}, {4. / 3}});
  EXPECT_EQ(mean.value, 1.25);
  EXPECT_NEAR(mean.unbiased, 1, 1e-12);
}

// Entry (s, t) of the table is a_s + b_t + e_st with standard deviations .3, .5 and 2. The variance
// of the mean is .09 / 40 + .25 / 60 + 4 / 2400 = .00808. Its parts by the effects are .09 / 40 and
// (.25 + 4 / 40) / 60. The mean over 400 tables knows either to 2% (40 and 60 degrees of freedom,
// 0.22 / sqrt(400)); the tolerance is five times as wide, and so excludes that noise of pairs
// is counted with the subsets too (4 / 2400 of .00225: 74% more).
TEST(TwoWayJackknifeTest, CountsTheNoiseOfPairsOnce) {
  RandomStream stream(1, "two-way table");
  double of_subsets = 0, of_tests = 0;
  for (int repeat = 0; repeat < 400; ++repeat) {
    std::vector<double> b(60);
    for (double& value : b) value = .5 * stream.Gaussian();
    std::vector<std::vector<double>> table(40);
    for (auto& row : table) {
      const double a = .3 * stream.Gaussian();
      for (const double value : b) row.push_back(a + value + 2 * stream.Gaussian());
    }
    const JackknifedMean mean = OfMeans(table);
    of_subsets += Variance(mean.effects.subsets) / 40 / 400;
    of_tests += Variance(mean.effects.tests) / 60 / 400;
  }
  EXPECT_NEAR(of_subsets, .00225, .1 * .00225);
  EXPECT_NEAR(of_tests, .00583, .1 * .00583);
}

TEST(TwoWayJackknifeTest, SubsetsThatOnlyAddNoiseHaveNoEffect) {
  // Every subset has the same mean over tests.
  const JackknifedMean mean = OfMeans({{1, -1}, {-1, 1}, {2, -2}});
  for (const double effect : mean.effects.subsets) EXPECT_NEAR(effect, 0, 1e-12);
  EXPECT_EQ(SubsetScale({0, 0}, {{1, -1}, {-1, 1}}), 0);
}

}  // namespace
}  // namespace attribench
