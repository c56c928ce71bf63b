// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/mann_whitney.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"

namespace attribench {
namespace {

double Wins(const std::vector<double>& a, const std::vector<double>& b) {
  double wins = 0;
  for (const double x : a) {
    for (const double y : b) wins += x > y;
  }
  return wins;
}

// The definition: of all ways to choose n of the n + m values as the larger ones, the share that
// wins at least as many pairs.
double ByEnumeration(const std::vector<double>& larger, const std::vector<double>& smaller) {
  std::vector<double> pooled = larger;
  pooled.insert(pooled.end(), smaller.begin(), smaller.end());
  const double wins = Wins(larger, smaller);
  std::vector<bool> chosen(pooled.size(), false);
  std::fill(chosen.end() - larger.size(), chosen.end(), true);
  double all = 0, as_far = 0;
  do {
    std::vector<double> a, b;
    for (size_t i = 0; i < pooled.size(); ++i) (chosen[i] ? a : b).push_back(pooled[i]);
    ++all;
    as_far += Wins(a, b) >= wins;
  } while (std::next_permutation(chosen.begin(), chosen.end()));
  return as_far / all;
}

TEST(MannWhitneyTest, EqualsEnumeration) {
  const std::vector<double> values = {3.1, .2, 5.7, 4.4, 1.9, 2.6, 8.5, 7.3, 6.0, 9.8, .7};
  for (size_t n = 1; n < values.size(); ++n) {
    const std::vector<double> a(values.begin(), values.begin() + n);
    const std::vector<double> b(values.begin() + n, values.end());
    EXPECT_NEAR(MannWhitneyPValue(a, b), ByEnumeration(a, b), 1e-12) << n;
    EXPECT_NEAR(MannWhitneyPValue(b, a), ByEnumeration(b, a), 1e-12) << n;
  }
}

// All values of one side lie above all of the other: one order of C(18, 6) = 18564.
TEST(MannWhitneyTest, Apart) {
  std::vector<double> low, high = {21, 22, 23, 24, 25, 26};
  for (int i = 0; i < 12; ++i) low.push_back(i);
  EXPECT_NEAR(MannWhitneyPValue(high, low), 1 / 18564.0, 1e-15);
  EXPECT_NEAR(MannWhitneyPValue(low, high), 1, 1e-15);
}

TEST(MannWhitneyTest, TiesAndEmptyGiveNoEvidence) {
  EXPECT_GE(MannWhitneyPValue({1, 1, 1, 1}, {1, 1, 1, 1}), .5);
  EXPECT_EQ(MannWhitneyPValue({}, {1, 2}), 1);
  EXPECT_EQ(MannWhitneyPValue({1, 2}, {}), 1);
}

}  // namespace
}  // namespace attribench
