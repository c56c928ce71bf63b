// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/model_outputs.h"

#include <cmath>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(ModelOutputsTest, ByHand) {
  const at::Tensor logits = at::tensor({1., 2., 3.}, at::kDouble).view({1, 3});
  const ModelOutputs outputs = OutputsOfLogits(logits, at::tensor({2}, at::kLong));
  const double margin = 3 - std::log(std::exp(1.) + std::exp(2.));
  EXPECT_NEAR(outputs.margin.item<double>(), margin, 1e-14);
  EXPECT_NEAR(outputs.negative_loss.item<double>(),
              3 - std::log(std::exp(1.) + std::exp(2.) + std::exp(3.)), 1e-14);
}

// float32 arithmetic near 1 would give 0 for the first two losses.
TEST(ModelOutputsTest, TinyLossesKeepTheirOrderAndHugeOnesStayFinite) {
  const at::Tensor logits = at::tensor({30.f, 0.f, 31.f, 0.f, -2000.f, 0.f}).view({3, 2});
  const ModelOutputs outputs = OutputsOfLogits(logits, at::tensor({0, 0, 0}, at::kLong));
  const at::Tensor loss = outputs.negative_loss.neg();
  EXPECT_NEAR(loss[0].item<double>() / std::exp(-30.), 1, 1e-12);
  EXPECT_NEAR(loss[1].item<double>() / std::exp(-31.), 1, 1e-12);
  EXPECT_EQ(loss[2].item<double>(), 2000);
}

}  // namespace
}  // namespace attribench
