// SPDX-License-Identifier: Apache-2.0
#include "methods/damping.h"

#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(DampingTest, UnitsByHand) {
  EXPECT_EQ(*AbsoluteDamping({0.1, ABSOLUTE}, 20, 5), 0.1);
  EXPECT_EQ(*AbsoluteDamping({0.5, RELATIVE_TO_TRACE}, 20, 5), 10);
  EXPECT_EQ(*AbsoluteDamping({0.5, RELATIVE_TO_MEAN_EIGENVALUE}, 20, 5), 2);
  EXPECT_EQ(*AbsoluteDamping({0, RELATIVE_TO_MEAN_EIGENVALUE}, 20, 5), 0);
}

TEST(DampingTest, NegativeAndInfiniteValuesAreRefused) {
  for (const double value : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(AbsoluteDamping({value, ABSOLUTE}, 20, 5).status().code(),
              absl::StatusCode::kInvalidArgument)
        << value;
  }
  EXPECT_EQ(AbsoluteDamping({-1, ABSOLUTE}, 20, 5).status().message(),
            "damping is -1, must be finite and at least 0");
}

TEST(DampingTest, NothingIsRelativeToZeroCurvature) {
  for (const DampingUnit unit : {RELATIVE_TO_MEAN_EIGENVALUE, RELATIVE_TO_TRACE}) {
    const absl::Status status = AbsoluteDamping({0.1, unit}, 0, 5).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(absl::StrContains(status.message(),
                                  "gradients vanish at this checkpoint; give an absolute damping"))
        << status;
    EXPECT_EQ(*AbsoluteDamping({0, unit}, 0, 5), 0);
  }
  EXPECT_EQ(*AbsoluteDamping({0.1, ABSOLUTE}, 0, 5), 0.1);
}

TEST(DampingTest, TextHasTheUnit) {
  EXPECT_EQ(ToString({0.1, RELATIVE_TO_MEAN_EIGENVALUE}), "0.1 x mean eigenvalue");
  EXPECT_EQ(ToString({2, RELATIVE_TO_TRACE}), "2 x trace");
  EXPECT_EQ(ToString({1e-5, ABSOLUTE}), "1e-05");
}

TEST(DampingTest, OrderIsByUnitAndThenByValue) {
  EXPECT_TRUE((Damping{1, ABSOLUTE} == Damping{1, ABSOLUTE}));
  EXPECT_FALSE((Damping{1, ABSOLUTE} == Damping{1, RELATIVE_TO_TRACE}));
  EXPECT_LT((Damping{1, ABSOLUTE}), (Damping{2, ABSOLUTE}));
  EXPECT_LT((Damping{2, ABSOLUTE}), (Damping{1, RELATIVE_TO_MEAN_EIGENVALUE}));
}

}  // namespace
}  // namespace attribench
