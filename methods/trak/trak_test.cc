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

}  // namespace
}  // namespace attribench
