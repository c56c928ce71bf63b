// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/mean_over_tests.h"

#include "datasets/random_stream.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(MeanOverTestsTest, EqualValuesLeaveNoDoubt) {
  const Estimate estimate = MeanOverTests({2, 2, 2});
  EXPECT_EQ(estimate.value, 2);
  EXPECT_EQ(estimate.low, 2);
  EXPECT_EQ(estimate.high, 2);
}

// 400 draws of 20 test examples: the rate's standard error is .011.
TEST(MeanOverTestsTest, CoversTheTrueMean) {
  int covered = 0;
  for (uint64_t draw = 0; draw < 400; ++draw) {
    RandomStream stream(draw, "values");
    std::vector<double> values(20);
    for (double& value : values) value = 1.5 + stream.Gaussian();
    const Estimate estimate = MeanOverTests(values);
    covered += estimate.low <= 1.5 && 1.5 <= estimate.high ? 1 : 0;
  }
  EXPECT_GE(covered, 400 * .93);
  EXPECT_LE(covered, 400 * .97 + 4);
}

}  // namespace
}  // namespace attribench
