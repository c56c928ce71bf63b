// SPDX-License-Identifier: Apache-2.0
//
// Compares the kernel form with the dense inverse of F + lambda I from explicit gradients, in
// float64.
#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class FisherTest : public testing::Test {
 protected:
  void SetUp() override {
    const MethodVariant variant = *FindMethodVariant("fisher");
    fitted_ = *variant.method->make()->Fit(example_.Task(), variant.hyperparameters, ledger_);
    const Parameters parameters = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
    const auto gradients = [&](const Dataset& dataset) {
      return ExplicitGradients(*ComputeGradientFactors(example_.model(), parameters, dataset,
                                                       GradientTarget::kLoss, ledger_));
    };
    train_ = gradients(example_.train());
    test_ = gradients(example_.test());
  }

  void ExpectScores(const Damping& damping, const at::Tensor& expected) {
    const at::Tensor scores = *fitted_->Scores(damping, ledger_);
    EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
              1e-6 * expected.abs().max().item<double>())
        << ToString(damping);
  }

  WorkedExample example_{{5}};
  CostLedger ledger_;
  std::unique_ptr<FittedAttribution> fitted_;
  at::Tensor train_, test_;  // gradients [n, p], [t, p]
};

TEST_F(FisherTest, KernelFormEqualsTheDenseInverse) {
  const at::Tensor fisher = at::matmul(train_.t(), train_).div(train_.size(0));
  const double mean_eigenvalue = fisher.trace().item<double>() / fisher.size(0);
  for (const double relative : {1e-4, 1e-2, 1.0, 100.0}) {
    const double lambda = relative * mean_eigenvalue;
    const Damping damping = {relative, RELATIVE_TO_MEAN_EIGENVALUE};
    const at::Tensor damped = fisher.add(at::eye(fisher.size(0), at::kDouble).mul(lambda));
    ExpectScores(damping, at::matmul(train_, at::linalg_solve(damped, test_.t())));
    EXPECT_NEAR(*fitted_->AbsoluteDampingOf(damping), lambda, 1e-9 * lambda);
  }
}

// With checkpoint_kind half_data: the mean over the half-data checkpoints.
TEST_F(FisherTest, HalfDataCheckpoints) {
  const MethodVariant variant = *FindMethodVariant("fisher_half");
  const Hyperparameters two = *Hyperparameters::Make(
      variant.method->space, {{"checkpoint_kind", "half_data"}, {"checkpoints", "2"}});
  fitted_ = *variant.method->make()->Fit(example_.Task(), two, ledger_);
  const double lambda = 1e-2;
  at::Tensor expected = at::zeros({60, 12}, at::kDouble);
  for (int64_t c = 0; c < 2; ++c) {
    const Parameters parameters = *example_.Task().checkpoint(CheckpointKind::kHalfData, c);
    const auto gradients = [&](const Dataset& dataset) {
      return ExplicitGradients(*ComputeGradientFactors(example_.model(), parameters, dataset,
                                                       GradientTarget::kLoss, ledger_));
    };
    const at::Tensor train = gradients(example_.train());
    const at::Tensor damped =
        at::matmul(train.t(), train).div(60).add(at::eye(train.size(1), at::kDouble).mul(lambda));
    expected.add_(at::matmul(train, at::linalg_solve(damped, gradients(example_.test()).t())), .5);
  }
  ExpectScores({lambda, ABSOLUTE}, expected);
}

// The next term of the series in 1 / lambda is smaller by a factor |F| / lambda.
TEST_F(FisherTest, LargeDampingIsGradDot) {
  const double lambda = 1e8;
  ExpectScores({lambda, ABSOLUTE}, at::matmul(train_, test_.t()).div(lambda));
}

}  // namespace
}  // namespace attribench
