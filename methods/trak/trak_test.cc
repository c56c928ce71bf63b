// SPDX-License-Identifier: Apache-2.0
//
// Compares with the published formula, computed with explicit matrices in float64.
#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/gradients/projection.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

TEST(TrakTest, IsThePublishedFormula) {
  const WorkedExample example({5});
  const AttributionTask task = example.Task();
  const MethodVariant variant = *FindMethodVariant("trak_10");
  constexpr int64_t kDimension = 16, kCheckpoints = 3;
  const Hyperparameters hyperparameters = *Hyperparameters::Make(
      variant.method->space,
      {{"checkpoints", "3"}, {"projection_dim", "16"}, {"projection", "rademacher"}});
  CostLedger ledger;
  const auto fitted = *variant.method->make()->Fit(task, hyperparameters, ledger);
  EXPECT_EQ(ledger.Total().retrainings, kCheckpoints);

  const int64_t n = example.train().size();
  for (const double lambda : {1e-3, 1.0}) {
    at::Tensor products = at::zeros({n, example.test().size()}, at::kDouble);
    at::Tensor gap = at::zeros({n}, at::kDouble);
    for (int64_t m = 0; m < kCheckpoints; ++m) {
      const Parameters parameters = *task.checkpoint(CheckpointKind::kHalfData, m);
      const uint64_t seed = RandomStream(1, "trak", {static_cast<uint64_t>(m)}).Next64();
      const auto features = [&](const Dataset& dataset) {
        return ProjectGradients(*ComputeGradientFactors(example.model(), parameters, dataset,
                                                        GradientTarget::kMargin, ledger),
                                ProjectionKind::kRademacher, kDimension, seed, ledger);
      };
      const at::Tensor phi = features(example.train());
      const at::Tensor inverse = at::linalg_inv(
          at::matmul(phi.t(), phi).div(n).add(at::eye(kDimension, at::kDouble).mul(lambda)));
      products.add_(at::matmul(at::matmul(phi, inverse), features(example.test()).t()),
                    1.0 / kCheckpoints);
      const at::Tensor probabilities =
          at::softmax(example.model().Logits(parameters, example.train().inputs), 1);
      gap.add_(probabilities.gather(1, example.train().labels.unsqueeze(1)).squeeze(1).neg().add(1),
               1.0 / kCheckpoints);
    }
    const at::Tensor expected = products.mul(gap.unsqueeze(1));
    const at::Tensor scores = *fitted->Scores({lambda, ABSOLUTE}, ledger);
    EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
              1e-9 * expected.abs().max().item<double>())
        << lambda;
  }
}

// Exact TRAK: the same with explicit gradients, [n, p] and [p, p].
TEST(TrakTest, WithoutProjectionIsTheFormulaWithWholeGradients) {
  const WorkedExample example({5});
  const AttributionTask task = example.Task();
  const MethodVariant variant = *FindMethodVariant("trak_exact_10");
  EXPECT_EQ(variant.hyperparameters.Integer("checkpoints"), 10);
  const Hyperparameters hyperparameters =
      *Hyperparameters::Make(variant.method->space, {{"checkpoints", "3"}, {"projection", "none"}});
  CostLedger ledger;
  const auto fitted = *variant.method->make()->Fit(task, hyperparameters, ledger);
  const int64_t n = example.train().size(), t = example.test().size();
  EXPECT_EQ(ledger.Total().retrainings, 3);
  EXPECT_EQ(ledger.Total().gradient_evaluations, 3 * (n + t));
  for (const double lambda : {1e-3, 1.0}) {
    at::Tensor products = at::zeros({n, t}, at::kDouble), gap = at::zeros({n}, at::kDouble);
    for (int64_t m = 0; m < 3; ++m) {
      const Parameters parameters = *task.checkpoint(CheckpointKind::kHalfData, m);
      const auto gradients = [&](const Dataset& dataset) {
        return ExplicitGradients(*ComputeGradientFactors(example.model(), parameters, dataset,
                                                         GradientTarget::kMargin, ledger));
      };
      const at::Tensor phi = gradients(example.train());
      const at::Tensor damped =
          at::matmul(phi.t(), phi).div(n).add(at::eye(phi.size(1), at::kDouble).mul(lambda));
      products.add_(at::matmul(phi, at::linalg_solve(damped, gradients(example.test()).t())),
                    1.0 / 3);
      const at::Tensor probabilities =
          at::softmax(example.model().Logits(parameters, example.train().inputs), 1);
      gap.add_(probabilities.gather(1, example.train().labels.unsqueeze(1)).squeeze(1).neg().add(1),
               1.0 / 3);
    }
    const at::Tensor expected = products.mul(gap.unsqueeze(1));
    EXPECT_LE(fitted->Scores({lambda, ABSOLUTE}, ledger)->sub(expected).abs().max().item<double>(),
              1e-9 * expected.abs().max().item<double>())
        << lambda;
  }
}

// Curvature examples of its own take another form of the kernel.
TEST(TrakTest, WithoutProjectionTakesCurvatureExamples) {
  const WorkedExample example({5});
  const MethodVariant variant = *FindMethodVariant("trak_exact_1");
  const Hyperparameters half = *Hyperparameters::Make(
      variant.method->space,
      {{"checkpoints", "1"}, {"projection", "none"}, {"curvature_fraction", "0.5"}});
  CostLedger ledger;
  const auto fitted = *variant.method->make()->Fit(example.Task(), half, ledger);
  const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kHalfData, 0);
  const auto gradients = [&](const Dataset& dataset) {
    return ExplicitGradients(*ComputeGradientFactors(example.model(), parameters, dataset,
                                                     GradientTarget::kMargin, ledger));
  };
  const at::Tensor phi = gradients(example.train());
  const at::Tensor some = phi.index_select(
      0, at::tensor(RandomStream(1, "curvature fraction").Sample(60, 30), at::kLong));
  const double lambda = 1e-2;
  const at::Tensor damped =
      at::matmul(some.t(), some).div(30).add(at::eye(phi.size(1), at::kDouble).mul(lambda));
  const at::Tensor probabilities =
      at::softmax(example.model().Logits(parameters, example.train().inputs), 1);
  const at::Tensor gap = probabilities.gather(1, example.train().labels.unsqueeze(1)).neg().add(1);
  const at::Tensor expected =
      at::matmul(phi, at::linalg_solve(damped, gradients(example.test()).t())).mul(gap);
  EXPECT_LE(fitted->Scores({lambda, ABSOLUTE}, ledger)->sub(expected).abs().max().item<double>(),
            1e-9 * expected.abs().max().item<double>());
}

}  // namespace
}  // namespace attribench
