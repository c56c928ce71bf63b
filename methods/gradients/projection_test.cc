// SPDX-License-Identifier: Apache-2.0
#include "methods/gradients/projection.h"

#include <cmath>

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class ProjectionTest : public testing::TestWithParam<ProjectionKind> {
 protected:
  void SetUp() override {
    const Parameters parameters = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
    factors_ = *ComputeGradientFactors(example_.model(), parameters, example_.train(),
                                       GradientTarget::kLoss, ledger_);
    gradients_ = ExplicitGradients(factors_);
  }

  WorkedExample example_{{5}};
  CostLedger ledger_;
  GradientFactors factors_;
  at::Tensor gradients_;
};

// The projection must be one matrix P, the same for all examples.
TEST_P(ProjectionTest, IsOneLinearMapOfTheGradients) {
  const at::Tensor phi = ProjectGradients(factors_, GetParam(), 7, 3, ledger_);
  // There are 60 gradients of 53 coordinates, so least squares finds P if it exists.
  const at::Tensor projection = at::matmul(at::linalg_pinv(gradients_, 1e-12), phi);
  EXPECT_LE(at::matmul(gradients_, projection).sub(phi).abs().max().item<double>(),
            1e-8 * phi.abs().max().item<double>());
  EXPECT_TRUE(at::equal(ProjectGradients(factors_, GetParam(), 7, 3, ledger_), phi));
  EXPECT_FALSE(at::equal(ProjectGradients(factors_, GetParam(), 7, 4, ledger_), phi));
}

// E[(P'x).(P'y)] = x.y, with a variance of at most 2 |x|^2 |y|^2 / k for every kind.
TEST_P(ProjectionTest, InnerProductsAreKeptOnAverage) {
  constexpr int kDraws = 200, kDimension = 64;
  const at::Tensor expected = at::matmul(gradients_, gradients_.t());
  at::Tensor mean = at::zeros_like(expected);
  for (int seed = 0; seed < kDraws; ++seed) {
    const at::Tensor phi = ProjectGradients(factors_, GetParam(), kDimension, seed, ledger_);
    mean.add_(at::matmul(phi, phi.t()), 1.0 / kDraws);
  }
  const at::Tensor norms = gradients_.norm(2, {1});
  const at::Tensor errors =
      mean.sub(expected).abs().div(norms.unsqueeze(1).mul(norms.unsqueeze(0)));
  // Five standard errors, for 60 x 60 pairs with strongly dependent errors.
  EXPECT_LE(errors.max().item<double>(), 5 * std::sqrt(2.0 / kDimension / kDraws));
}

INSTANTIATE_TEST_SUITE_P(Kinds, ProjectionTest,
                         testing::Values(ProjectionKind::kGaussian, ProjectionKind::kRademacher,
                                         ProjectionKind::kSjlt));

TEST(ProjectionKindTest, NamesAndRefusal) {
  EXPECT_EQ(*ParseProjectionKind("sjlt"), ProjectionKind::kSjlt);
  EXPECT_EQ(ParseProjectionKind("sparse").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace attribench
