// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/spectral_filter.h"

#include <cmath>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(SpectralFilterTest, InverseByHand) {
  const auto values = InverseFilter()(at::tensor({0., 1., 3.}, at::kDouble), .5);
  ASSERT_TRUE(values.ok());
  EXPECT_TRUE(at::allclose(*values, at::tensor({2., 1 / 1.5, 1 / 3.5}, at::kDouble), 1e-15));
}

TEST(SpectralFilterTest, InverseRefusesASingularMatrix) {
  EXPECT_EQ(InverseFilter()(at::tensor({0., 1.}, at::kDouble), 0).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(InverseFilter()(at::tensor({.1, 1.}, at::kDouble), 0).ok());
}

// T steps of gradient descent, x <- x + eta (q - mu x) from 0, reach q (1 - (1 - eta mu)^T) / mu.
// For small eta that is the exponential filter with lambda = 1 / (eta T), to a relative eta mu^2 T.
TEST(SpectralFilterTest, ExponentialIsGradientDescentThatStopsEarly) {
  constexpr double kEta = 1e-6;
  constexpr int kSteps = 1000000;
  const at::Tensor eigenvalues = at::tensor({0., .2, 3.}, at::kDouble);
  double by_hand[3] = {0, 0, 0};
  const double mu[3] = {0, .2, 3};
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 0; i < 3; ++i) by_hand[i] += kEta * (1 - mu[i] * by_hand[i]);
  }
  const auto values = ExponentialFilter()(eigenvalues, 1 / (kEta * kSteps));
  ASSERT_TRUE(values.ok());
  for (int i = 0; i < 3; ++i) EXPECT_NEAR((*values)[i].item<double>(), by_hand[i], 1e-5);
}

TEST(SpectralFilterTest, ExponentialKeepsTheDigitsOfSmallEigenvalues) {
  const auto values = ExponentialFilter()(at::tensor({1e-14}, at::kDouble), 1.);
  ASSERT_TRUE(values.ok());
  EXPECT_NEAR((*values)[0].item<double>(), 1, 1e-13);
}

TEST(SpectralFilterTest, ExponentialRefusesADampingOfZero) {
  EXPECT_EQ(ExponentialFilter()(at::tensor({1.}, at::kDouble), 0).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace attribench
