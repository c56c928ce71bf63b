// SPDX-License-Identifier: Apache-2.0
//
// Compares with the recursion on the dense curvature in float64, with the mean of many recursions
// with random batches, and with the limit of infinitely many steps.
#include <map>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/curvature/curvature.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class InfluenceLissaTest : public testing::Test {
 protected:
  void SetUp() override { parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0); }

  std::unique_ptr<FittedAttribution> Fit(const std::map<std::string, std::string>& overrides) {
    const MethodVariant variant = *FindMethodVariant("influence_lissa");
    return *variant.method->make()->Fit(
        example_.Task(), *Hyperparameters::Make(variant.method->space, overrides), ledger_);
  }

  // The Gauss-Newton matrix [p, p] of the examples in `data`: its products with unit vectors.
  at::Tensor Dense(const Dataset& data) {
    const Curvature curvature =
        *Curvature::Make(example_.model(), parameters_, {data, {}}, CurvatureKind::kGaussNewton);
    const Layer& layer = example_.model().layers().front();
    const int64_t p = CountParameters(parameters_);
    const at::Tensor units =
        at::eye(p, at::kDouble).reshape({p, layer.num_outputs, layer.num_inputs + 1});
    return curvature.Times({units}, ledger_).products[0].flatten(1);
  }

  at::Tensor Gradients(const Dataset& data) {
    return ExplicitGradients(*ComputeGradientFactors(example_.model(), parameters_, data,
                                                     GradientTarget::kLoss, ledger_));
  }

  WorkedExample example_;  // softmax regression: one layer
  Parameters parameters_;
  CostLedger ledger_;
};

// x / sigma [p, t] after `depth` steps. `draw` gives the curvature of each step.
template <typename Draw>
at::Tensor Recursion(const at::Tensor& q, double lambda, double sigma, int depth, Draw draw) {
  at::Tensor x = q.clone();
  for (int step = 0; step < depth; ++step) {
    x = q.add(x).sub(at::matmul(draw(), x).add(x, lambda).div(sigma));
  }
  return x.div(sigma);
}

// 50 iterations give the full Krylov space of each test example. The space then contains the
// largest eigenvalue of the curvature, so sigma is exact.
TEST_F(InfluenceLissaTest, IsTheRecursionStepByStep) {
  const at::Tensor dense = Dense(example_.train()), test = Gradients(example_.test()).t();
  const at::Tensor train = Gradients(example_.train());
  const double largest = at::linalg_eigvalsh(dense)[-1].item<double>();
  for (const int depth : {1, 5, 40}) {
    for (const double scaling : {1.0, 5.0}) {
      const auto fitted = Fit({{"curvature", "gauss_newton"},
                               {"depth", std::to_string(depth)},
                               {"scaling", std::to_string(scaling)},
                               {"iterations", "50"}});
      for (const double lambda : {1e-3, .1, 10.0}) {
        const at::Tensor expected = at::matmul(
            train,
            Recursion(test, lambda, scaling * (largest + lambda), depth, [&] { return dense; }));
        const at::Tensor scores = *fitted->Scores({lambda, ABSOLUTE}, ledger_);
        EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
                  1e-7 * expected.abs().max().item<double>())
            << depth << " " << scaling << " " << lambda;
      }
    }
  }
}

// 400 recursions with batches of 20 of the 60 examples. All 720 scores must be within 4.5 standard
// errors of their mean. With normal errors, this fails with a probability of 1 in 200; the draws
// are fixed.
TEST_F(InfluenceLissaTest, IsTheMeanOverRandomBatches) {
  constexpr int kRepeats = 400, kDepth = 10, kBatch = 20;
  const at::Tensor test = Gradients(example_.test()).t(), train = Gradients(example_.train());
  const double largest = at::linalg_eigvalsh(Dense(example_.train()))[-1].item<double>();
  const double lambda = .1 * largest, sigma = 3 * (largest + lambda);
  std::vector<at::Tensor> alone;  // the curvature of each training example
  for (int64_t i = 0; i < example_.train().size(); ++i) {
    alone.push_back(Dense(
        {example_.train().inputs.slice(0, i, i + 1), example_.train().labels.slice(0, i, i + 1)}));
  }
  const at::Tensor each = at::stack(alone);
  RandomStream stream(4, "batches");
  const auto draw = [&] {
    return each.index_select(0, at::tensor(stream.Sample(each.size(0), kBatch), at::kLong)).mean(0);
  };
  at::Tensor sum = at::zeros({60, 12}, at::kDouble), squares = at::zeros_like(sum);
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const at::Tensor scores = at::matmul(train, Recursion(test, lambda, sigma, kDepth, draw));
    sum.add_(scores);
    squares.add_(scores.square());
  }
  const at::Tensor mean = sum.div(kRepeats);
  const at::Tensor error = squares.div(kRepeats).sub(mean.square()).div(kRepeats).sqrt();
  const at::Tensor scores =
      *Fit({{"curvature", "gauss_newton"}, {"depth", "10"}, {"scaling", "3"}, {"iterations", "50"}})
           ->Scores({lambda, ABSOLUTE}, ledger_);
  EXPECT_GT(error.min().item<double>(), 0);
  EXPECT_LE(scores.sub(mean).abs().div(error).max().item<double>(), 4.5);
  // The test is sharp: the standard errors are at most 2% of the scores.
  EXPECT_LE(error.norm().item<double>(), .02 * scores.norm().item<double>());
}

// With very many steps, the recursion gives the exact solution.
TEST_F(InfluenceLissaTest, DeepEnoughIsTheInverse) {
  const at::Tensor dense = Dense(example_.train());
  const double lambda = .1;
  const at::Tensor expected =
      at::matmul(Gradients(example_.train()),
                 at::linalg_solve(dense.add(at::eye(dense.size(0), at::kDouble).mul(lambda)),
                                  Gradients(example_.test()).t()));
  const auto fitted =
      Fit({{"curvature", "gauss_newton"}, {"depth", "100000"}, {"iterations", "50"}});
  EXPECT_LE(fitted->Scores({lambda, ABSOLUTE}, ledger_)->sub(expected).abs().max().item<double>(),
            1e-7 * expected.abs().max().item<double>());
}

// A network with random initial weights has directions of negative curvature, along which the
// recursion itself overflows.
TEST(InfluenceLissaIndefiniteTest, ScoresAreFinite) {
  const WorkedExample example({5});
  RandomStream stream(3, "start");
  Parameters start = example.model().Initialise(stream);
  for (Parameter& parameter : start) parameter.value = parameter.value.to(at::kDouble);
  AttributionTask task = example.Task();
  task.checkpoint = [&](CheckpointKind, int64_t) -> absl::StatusOr<Parameters> { return start; };
  const MethodVariant variant = *FindMethodVariant("influence_lissa");
  CostLedger ledger;
  const auto fitted = *variant.method->make()->Fit(
      task,
      *Hyperparameters::Make(variant.method->space, {{"iterations", "20"}, {"depth", "5000"}}),
      ledger);
  for (const double relative : {0.0, 1e-4, 1.0, 1e3}) {
    const auto scores = fitted->Scores({relative, RELATIVE_TO_MEAN_EIGENVALUE}, ledger);
    ASSERT_TRUE(scores.ok()) << scores.status();
    EXPECT_TRUE(at::isfinite(*scores).all().item<bool>()) << relative;
    EXPECT_GT(scores->abs().max().item<double>(), 0);
  }
}

}  // namespace
}  // namespace attribench
