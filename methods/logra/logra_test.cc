// SPDX-License-Identifier: Apache-2.0
//
// If the rank is no limit, scores must equal those of the dense inverse of each layer's Fisher
// matrix, in float64. If it is, inner products must be right on average.
#include <map>
#include <string>

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class LograTest : public testing::Test {
 protected:
  at::Tensor Scores(const std::string& rank, const std::string& seed, const Damping& damping) {
    const MethodVariant variant = *FindMethodVariant("logra");
    const Hyperparameters point =
        *Hyperparameters::Make(variant.method->space, {{"rank", rank}, {"seed", seed}});
    return *(*variant.method->make()->Fit(example_.Task(), point, ledger_))
                ->Scores(damping, ledger_);
  }
  at::Tensor LayerGradients(const Dataset& data, size_t layer) {
    const Parameters parameters = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
    GradientFactors factors =
        *ComputeGradientFactors(example_.model(), parameters, data, GradientTarget::kLoss, ledger_);
    factors.layers = {factors.layers[layer]};
    return ExplicitGradients(factors);
  }
  // The sum over layers. A relative damping is relative to each layer's mean eigenvalue.
  at::Tensor Dense(const Damping& damping) {
    at::Tensor expected = at::zeros({60, 12}, at::kDouble);
    for (size_t layer = 0; layer < 2; ++layer) {
      const at::Tensor train = LayerGradients(example_.train(), layer);
      const at::Tensor fisher = at::matmul(train.t(), train).div(train.size(0));
      const double lambda = damping.unit == ABSOLUTE
                                ? damping.value
                                : damping.value * fisher.trace().item<double>() / fisher.size(0);
      const at::Tensor damped = fisher.add(at::eye(fisher.size(0), at::kDouble).mul(lambda));
      expected.add_(
          at::matmul(train, at::linalg_solve(damped, LayerGradients(example_.test(), layer).t())));
    }
    return expected;
  }

  WorkedExample example_{{5}};
  CostLedger ledger_;
};

TEST_F(LograTest, WithoutALimitIsTheLayersExactFisher) {
  for (const double relative : {1e-3, .1, 10.0}) {
    const Damping damping = {relative, RELATIVE_TO_MEAN_EIGENVALUE};
    const at::Tensor expected = Dense(damping);
    EXPECT_LE(Scores("64", "1", damping).sub(expected).abs().max().item<double>(),
              1e-9 * expected.abs().max().item<double>())
        << relative;
  }
}

// At a damping far above the spectrum, scores are inner products divided by lambda, and have the
// right expectation over seeds. The error of the mean over 200 seeds is smaller than that of one
// seed by a factor of sqrt(200) = 14.
TEST_F(LograTest, ProjectionsKeepInnerProductsOnAverage) {
  const Damping damping = {1e6, ABSOLUTE};
  const at::Tensor expected = Dense(damping);
  at::Tensor mean = at::zeros_like(expected);
  double error_of_one = 0;
  for (int seed = 1; seed <= 200; ++seed) {
    const at::Tensor scores = Scores("3", std::to_string(seed), damping);
    mean.add_(scores, 1 / 200.0);
    error_of_one += scores.sub(expected).norm().item<double>() / 200;
  }
  EXPECT_GT(error_of_one, .1 * expected.norm().item<double>());
  EXPECT_LE(mean.sub(expected).norm().item<double>(), error_of_one / 7);
}

// The same with convolutions and batch norm, compared in kernel form.
TEST(LograConvolutionTest, WithoutALimitIsTheLayersExactFisher) {
  const WorkedExample example = WorkedExample::WithConvolutions();
  const AttributionTask task = example.Task();
  const MethodVariant variant = *FindMethodVariant("logra");
  CostLedger ledger;
  const auto fitted = *variant.method->make()->Fit(
      task, *Hyperparameters::Make(variant.method->space, {{"rank", "160"}}), ledger);
  const Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  const auto factors = [&](const Dataset& data) {
    return *ComputeGradientFactors(example.model(), parameters, data, GradientTarget::kLoss,
                                   ledger);
  };
  const GradientFactors train = factors(task.train), test = factors(task.test);
  const double lambda = 1e-2, n = static_cast<double>(task.train.size());
  at::Tensor expected = at::zeros({60, 12}, at::kDouble);
  for (size_t l = 0; l < train.layers.size(); ++l) {
    const auto explicit_gradients = [&](const GradientFactors& all) {
      GradientFactors one = all;
      one.layers = {all.layers[l]};
      return ExplicitGradients(one);
    };
    const at::Tensor g = explicit_gradients(train), q = explicit_gradients(test);
    const at::Tensor damped = at::matmul(g, g.t()).div(n).add(at::eye(60, at::kDouble).mul(lambda));
    expected.add_(at::linalg_solve(damped, at::matmul(g, q.t())));
  }
  EXPECT_LE(fitted->Scores({lambda, ABSOLUTE}, ledger)->sub(expected).abs().max().item<double>(),
            1e-8 * expected.abs().max().item<double>());
}

}  // namespace
}  // namespace attribench
