// SPDX-License-Identifier: Apache-2.0
//
// Compares with the dense inverse in the projected space, and with the exact Fisher matrix if the
// projection has so many dimensions that it loses little.
#include <map>
#include <string>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/gradients/projection.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class FisherProjectedTest : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<FittedAttribution> Fit(int64_t dimension) {
    const MethodVariant variant = *FindMethodVariant("fisher_projected");
    return *variant.method->make()->Fit(
        example_.Task(),
        *Hyperparameters::Make(
            variant.method->space,
            {{"projection", GetParam()}, {"projection_dim", std::to_string(dimension)}}),
        ledger_);
  }
  GradientFactors Factors(const Dataset& data) {
    const Parameters parameters = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
    return *ComputeGradientFactors(example_.model(), parameters, data, GradientTarget::kLoss,
                                   ledger_);
  }

  WorkedExample example_{{5}};
  CostLedger ledger_;
};

// With fewer features than examples, and with more: the two forms of FeatureSpectrum.
TEST_P(FisherProjectedTest, EqualsTheDenseInverseOfProjectedGradients) {
  for (const int64_t dimension : {20, 100}) {
    const auto fitted = Fit(dimension);
    const uint64_t seed = RandomStream(1, "fisher_projected", {0}).Next64();
    const ProjectionKind kind = *ParseProjectionKind(GetParam());
    const at::Tensor train =
        ProjectGradients(Factors(example_.train()), kind, dimension, seed, ledger_);
    const at::Tensor test =
        ProjectGradients(Factors(example_.test()), kind, dimension, seed, ledger_);
    const at::Tensor fisher = at::matmul(train.t(), train).div(train.size(0));
    const double lambda = .1 * fisher.trace().item<double>() / dimension;
    const at::Tensor expected = at::matmul(
        train, at::linalg_solve(fisher.add(at::eye(dimension, at::kDouble).mul(lambda)), test.t()));
    const at::Tensor scores = *fitted->Scores({.1, RELATIVE_TO_MEAN_EIGENVALUE}, ledger_);
    EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
              1e-9 * expected.abs().max().item<double>())
        << dimension;
  }
}

// An inner product of projected gradients has a relative error of about sqrt(2 / k), which is 1.6%
// for k = 8192. At a damping as large as the trace, scores are nearly such inner products.
TEST_P(FisherProjectedTest, ManyDimensionsLoseLittle) {
  const at::Tensor train = ExplicitGradients(Factors(example_.train()));
  const at::Tensor test = ExplicitGradients(Factors(example_.test()));
  const at::Tensor fisher = at::matmul(train.t(), train).div(train.size(0));
  const double lambda = fisher.trace().item<double>();
  const at::Tensor expected = at::matmul(
      train,
      at::linalg_solve(fisher.add(at::eye(fisher.size(0), at::kDouble).mul(lambda)), test.t()));
  const at::Tensor scores = *Fit(8192)->Scores({lambda, ABSOLUTE}, ledger_);
  EXPECT_LE(scores.sub(expected).norm().item<double>(), .05 * expected.norm().item<double>());
}

INSTANTIATE_TEST_SUITE_P(Projections, FisherProjectedTest,
                         testing::Values("gaussian", "rademacher", "sjlt"));

}  // namespace
}  // namespace attribench
