// SPDX-License-Identifier: Apache-2.0
//
// Compares with explicit gradients in float64, and tests gradients that are 0.
#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

at::Tensor Scores(const AttributionTask& task, int64_t checkpoints) {
  const MethodVariant variant = *FindMethodVariant("grad_cos");
  CostLedger ledger;
  const Hyperparameters point =
      *Hyperparameters::Make(variant.method->space, {{"checkpoints", std::to_string(checkpoints)}});
  return *(*variant.method->make()->Fit(task, point, ledger))->Scores({}, ledger);
}

TEST(GradCosTest, MeanOfCosinesOfExplicitGradients) {
  const WorkedExample example({5});
  at::Tensor expected = at::zeros({60, 12}, at::kDouble);
  for (int64_t c = 0; c < 2; ++c) {
    const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, c);
    const auto directions = [&](const Dataset& data) {
      CostLedger ledger;
      const at::Tensor gradients = ExplicitGradients(*ComputeGradientFactors(
          example.model(), parameters, data, GradientTarget::kLoss, ledger));
      return gradients.div(gradients.norm(2, {1}, true));
    };
    expected.add_(at::matmul(directions(example.train()), directions(example.test()).t()), .5);
  }
  EXPECT_LE(Scores(example.Task(), 2).sub(expected).abs().max().item<double>(), 1e-12);
}

// With very large weights, every probability is exactly 0 or 1. The gradient of an example that is
// classified correctly is then 0, and its scores must be 0, not 0 / 0.
TEST(GradCosTest, ZeroGradientGivesZeroScores) {
  const WorkedExample example;
  AttributionTask task = example.Task();
  const auto checkpoint = task.checkpoint;
  task.checkpoint = [&](CheckpointKind kind, int64_t index) {
    absl::StatusOr<Parameters> parameters = checkpoint(kind, index);
    for (Parameter& parameter : *parameters) parameter.value = parameter.value.mul(1e5);
    return parameters;
  };
  const at::Tensor scores = Scores(task, 1);
  EXPECT_TRUE(at::isfinite(scores).all().item<bool>());
  EXPECT_TRUE(scores.eq(0).all(1).any().item<bool>());
  EXPECT_LE(scores.abs().max().item<double>(), 1 + 1e-12);
}

}  // namespace
}  // namespace attribench
