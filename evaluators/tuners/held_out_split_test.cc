// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/held_out_split.h"

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(DrawHeldOutSplitTest, IsDisjointAndAsLargeAsAsked) {
  const HeldOutSplit split = *DrawHeldOutSplit(80, .125, 30, 0);
  EXPECT_EQ(split.fitted.size(0), 10);
  EXPECT_EQ(split.held_out.size(0), 30);
  std::set<int64_t> all;
  for (const at::Tensor& rows : {split.fitted, split.held_out}) {
    for (int64_t i = 0; i < rows.size(0); ++i) all.insert(rows[i].item<int64_t>());
  }
  EXPECT_EQ(all.size(), 40u);
  EXPECT_FALSE(at::equal(split.fitted, DrawHeldOutSplit(80, .125, 30, 1)->fitted));
  EXPECT_EQ(DrawHeldOutSplit(80, .125, 1000, 0)->held_out.size(0), 70);
  for (const double fraction : {0.0, 1.0, -1.0}) {
    EXPECT_EQ(DrawHeldOutSplit(80, fraction, 30, 0).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(NumHeldOutTest, IsTheFractionButAtLeast500) {
  EXPECT_EQ(NumHeldOut(1000, .125), 500);
  EXPECT_EQ(NumHeldOut(5000, .125), 625);
}

}  // namespace
}  // namespace attribench
