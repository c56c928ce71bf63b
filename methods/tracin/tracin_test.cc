// SPDX-License-Identifier: Apache-2.0
//
// Compares with explicit gradients in float64, at models that were trained for fewer epochs.
#include <map>
#include <string>

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

absl::StatusOr<at::Tensor> Scores(const AttributionTask& task,
                                  const std::map<std::string, std::string>& overrides,
                                  CostLedger& ledger) {
  const MethodVariant variant = *FindMethodVariant("tracin");
  auto fitted = variant.method->make()->Fit(
      task, *Hyperparameters::Make(variant.method->space, overrides), ledger);
  if (!fitted.ok()) return fitted.status();
  return (*fitted)->Scores({}, ledger);
}

TEST(TracInTest, IsTheMeanOverTheRunOfInnerProducts) {
  const WorkedExample example({5});
  for (const bool normalise : {false, true}) {
    at::Tensor expected = at::zeros({60, 12}, at::kDouble);
    for (const int64_t index : {0, 3, 6}) {
      const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kAlongRun, index);
      const auto gradients = [&](const Dataset& data) {
        CostLedger nobody;
        const at::Tensor g = ExplicitGradients(*ComputeGradientFactors(
            example.model(), parameters, data, GradientTarget::kLoss, nobody));
        return normalise ? g.div(g.norm(2, {1}, /*keepdim=*/true)) : g;
      };
      expected.add_(at::matmul(gradients(example.train()), gradients(example.test()).t()));
    }
    expected.div_(3);
    CostLedger ledger;
    const at::Tensor scores = *Scores(
        example.Task(),
        {{"checkpoints", "3"}, {"spacing", "3"}, {"normalise", normalise ? "yes" : "no"}}, ledger);
    EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
              1e-12 * expected.abs().max().item<double>());
    // All checkpoints come from one training run.
    EXPECT_EQ(ledger.Total().retrainings, 1);
  }
}

TEST(TracInTest, EachCheckpointIsWeightedByItsLearningRate) {
  const WorkedExample example({5});
  const auto scores_at = [&](const std::function<double(double)>& rate,
                             const std::string& checkpoints) {
    AttributionTask task = example.Task();
    task.learning_rate = rate;
    CostLedger ledger;
    return *Scores(task, {{"checkpoints", checkpoints}, {"spacing", "2"}}, ledger);
  };
  const auto constant = [](double) { return .3; };
  const at::Tensor one = scores_at(constant, "1"), two = scores_at(constant, "2");
  const at::Tensor other = two.mul(2).sub(one);  // the scores of checkpoint 2 alone
  // Each checkpoint stands for two tenths of the run. Their middles are at numbers 1 and 3.
  const at::Tensor falling = scores_at([](double number) { return .1 * number; }, "2");
  EXPECT_TRUE(falling.allclose(one.add(other, 3).div(4), 1e-12, 1e-12));
}

// With one checkpoint, the end of the run, TracIn is Grad-Dot.
TEST(TracInTest, TheEndOfTheRunIsGradDot) {
  const WorkedExample example({5});
  CostLedger ledger;
  const MethodVariant grad_dot = *FindMethodVariant("grad_dot");
  const auto fitted =
      *grad_dot.method->make()->Fit(example.Task(), grad_dot.hyperparameters, ledger);
  EXPECT_TRUE(
      Scores(example.Task(), {{"checkpoints", "1"}}, ledger)->equal(*fitted->Scores({}, ledger)));
}

TEST(TracInTest, RefusesCheckpointsBeforeTheRun) {
  const WorkedExample example;
  CostLedger ledger;
  EXPECT_EQ(
      Scores(example.Task(), {{"checkpoints", "10"}, {"spacing", "2"}}, ledger).status().code(),
      absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace attribench
