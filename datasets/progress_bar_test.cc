// SPDX-License-Identifier: Apache-2.0
#include "datasets/progress_bar.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(ProgressLineTest, ShareAndTimeLeft) {
  EXPECT_EQ(ProgressLine(0, 4, absl::ZeroDuration(), 4), "[....]   0%  0/4");
  EXPECT_EQ(ProgressLine(1, 4, absl::Seconds(10), 4), "[#...]  25%  1/4  time left 30s");
  EXPECT_EQ(ProgressLine(4, 4, absl::Seconds(61), 4), "[####] 100%  4/4  took 1m1s");
  EXPECT_EQ(ProgressLine(0, 0, absl::ZeroDuration(), 2), "[##] 100%  0/0  took 0");
}

}  // namespace
}  // namespace attribench
