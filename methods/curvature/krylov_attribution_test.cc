// SPDX-License-Identifier: Apache-2.0
//
// A Krylov space of all dimensions is exact: against the dense curvature in double.
#include "methods/curvature/krylov_attribution.h"

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class KrylovAttributionTest : public testing::Test {
 protected:
  at::Tensor Gradients(const Dataset& dataset) {
    return ExplicitGradients(*ComputeGradientFactors(example_.model(), parameters_, dataset,
                                                     GradientTarget::kLoss, ledger_));
  }

  // The curvature [p, p] of softmax regression, by products with unit vectors.
  at::Tensor Dense(const CurvatureExamples& examples) {
    const auto curvature =
        Curvature::Make(example_.model(), parameters_, examples, CurvatureKind::kGaussNewton);
    const at::Tensor units = at::eye(21, at::kDouble).view({21, 3, 7});
    return curvature->Times({units}, ledger_).products[0].flatten(1);
  }

  void ExpectFilteredInverse(const AttributionTask& task, const SpectralFilter& filter,
                             const at::Tensor& function_of_curvature, double lambda) {
    KrylovOptions options;
    options.curvature = CurvatureKind::kGaussNewton;
    options.iterations = 21;
    options.tolerance = 1e-12;
    options.damping = {lambda, ABSOLUTE};
    const auto fitted = FitKrylovAttribution(task, parameters_, options, filter, ledger_);
    ASSERT_TRUE(fitted.ok()) << fitted.status();
    const at::Tensor expected = at::matmul(at::matmul(Gradients(task.train), function_of_curvature),
                                           Gradients(task.test).t());
    const at::Tensor scores = *(*fitted)->Scores({lambda, ABSOLUTE}, ledger_);
    EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
              1e-7 * expected.abs().max().item<double>());
  }

  WorkedExample example_;
  CostLedger ledger_;
  Parameters parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
};

TEST_F(KrylovAttributionTest, InverseOfTheDampedCurvature) {
  const AttributionTask task = example_.Task();
  const at::Tensor damped = Dense(task.curvature_examples()).add(at::eye(21, at::kDouble), .05);
  ExpectFilteredInverse(task, InversePositive, at::linalg_inv(damped), .05);
}

TEST_F(KrylovAttributionTest, AnotherFilter) {
  const AttributionTask task = example_.Task();
  const at::Tensor exponent = Dense(task.curvature_examples());
  // (1 - exp(-mu / lambda)) / mu of the eigenvalues.
  const auto [mu, u] = at::linalg_eigh(exponent);
  const at::Tensor values = *ExponentialFilter()(mu.clamp_min(0), .05);
  ExpectFilteredInverse(
      task,
      [](const at::Tensor& theta, double lambda) {
        return ExponentialFilter()(theta.clamp_min(0), lambda);
      },
      at::matmul(u.mul(values), u.t()), .05);
}

TEST_F(KrylovAttributionTest, CurvatureOfOtherExamplesWithWeights) {
  AttributionTask task = example_.Task();
  CurvatureExamples some;
  some.examples = {task.train.inputs.slice(0, 5, 25), task.train.labels.slice(0, 5, 25)};
  some.weights = at::arange(20, at::kDouble).add(1);
  task.own_curvature_examples = some;
  const at::Tensor damped = Dense(some).add(at::eye(21, at::kDouble), .05);
  ExpectFilteredInverse(task, InversePositive, at::linalg_inv(damped), .05);
  // By hand: the weighted mean of (diag(p) - p p') kron x x'.
  const at::Tensor logits = example_.model().Logits(parameters_, some.examples.inputs);
  const at::Tensor p = at::softmax(logits, 1), x = some.examples.inputs.flatten(1);
  const at::Tensor inputs = at::cat({x, at::ones({20, 1}, at::kDouble)}, 1);
  const at::Tensor at_logits =
      at::diag_embed(p).sub(p.unsqueeze(2).mul(p.unsqueeze(1)));  // [20, 3, 3]
  const at::Tensor dense =
      at::einsum("n,nab,ni,nj->aibj", {some.MeanOneWeights().div(20), at_logits, inputs, inputs})
          .reshape({21, 21});
  EXPECT_TRUE(at::allclose(Dense(some), dense, 1e-9, 1e-12));
}

TEST_F(KrylovAttributionTest, RelativeDampingsAreMultiplesOfTheDenseTraceAndItsMean) {
  const AttributionTask task = example_.Task();
  const at::Tensor dense = Dense(task.curvature_examples());
  const double trace = dense.trace().item<double>();
  KrylovOptions options;
  options.curvature = CurvatureKind::kGaussNewton;
  options.iterations = 21;
  const auto lambda = [&](const Damping& damping) {
    options.damping = damping;
    const auto fitted = FitKrylovAttribution(task, parameters_, options, InversePositive, ledger_);
    return *(*fitted)->AbsoluteDampingOf(damping);
  };
  EXPECT_NEAR(lambda({.3, RELATIVE_TO_TRACE}), .3 * trace, 1e-12 * trace);
  EXPECT_NEAR(lambda({.3, RELATIVE_TO_MEAN_EIGENVALUE}), .3 * trace / 21, 1e-12 * trace);
  EXPECT_EQ(lambda({.3, ABSOLUTE}), .3);
}

// The tolerance holds at options.damping: at a small damping more steps are needed. Its unit
// counts.
TEST_F(KrylovAttributionTest, TheDampingOfTheToleranceHasItsUnit) {
  const AttributionTask task = example_.Task();
  const double trace = Dense(task.curvature_examples()).trace().item<double>();
  const auto products = [&](const Damping& damping) {
    KrylovOptions options;
    options.curvature = CurvatureKind::kGaussNewton;
    options.iterations = 21;
    options.tolerance = 1e-2;
    options.damping = damping;
    CostLedger ledger;
    EXPECT_TRUE(FitKrylovAttribution(task, parameters_, options, InversePositive, ledger).ok());
    return ledger.Total().hessian_vector_products;
  };
  EXPECT_EQ(products({.3, RELATIVE_TO_TRACE}), products({.3 * trace, ABSOLUTE}));
  EXPECT_LT(products({.3, RELATIVE_TO_TRACE}), products({.3, RELATIVE_TO_MEAN_EIGENVALUE}));
}

}  // namespace
}  // namespace attribench
