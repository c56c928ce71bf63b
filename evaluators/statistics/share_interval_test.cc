// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/share_interval.h"

#include <numeric>

#include "gtest/gtest.h"

namespace attribench {
namespace {

// Deviations -.1, -.0999, ... .1 of the part alone: its 2.5% and 97.5% quantiles are known.
TEST(ShareIntervalTest, IsThatOfTheQuotientInEachResample) {
  std::vector<double> deviations(2001);
  std::iota(deviations.begin(), deviations.end(), -1000.0);
  for (double& deviation : deviations) deviation *= 1e-4;
  const std::vector<double> none(2001, 0.0);
  const auto interval = ShareInterval({.3, deviations}, {.5, none});
  ASSERT_TRUE(interval.has_value());
  EXPECT_NEAR(interval->first, (.3 - .095) / .5, 1e-12);
  EXPECT_NEAR(interval->second, (.3 + .095) / .5, 1e-12);
}

TEST(ShareIntervalTest, ValuesThatMoveTogetherKeepTheirShare) {
  const std::vector<double> part = {-.1, 0, .1}, whole = {-.2, 0, .2};
  const auto interval = ShareInterval({.5, part}, {1, whole});
  ASSERT_TRUE(interval.has_value());
  EXPECT_NEAR(interval->first, .5, 1e-12);
  EXPECT_NEAR(interval->second, .5, 1e-12);
}

TEST(ShareIntervalTest, AbsentIfTheWholeIsNotPositiveInAResample) {
  const std::vector<double> none = {0, 0}, low = {-.1, .1};
  EXPECT_TRUE(ShareInterval({.1, none}, {.11, low}).has_value());
  EXPECT_FALSE(ShareInterval({.1, none}, {.1, low}).has_value());
}

}  // namespace
}  // namespace attribench
