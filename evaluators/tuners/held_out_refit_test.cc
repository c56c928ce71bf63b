// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/held_out_refit.h"

#include <set>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "evaluators/tuners/held_out_split.h"
#include "gtest/gtest.h"
#include "methods/curvature/held_out_criterion.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

const std::vector<Damping>& Dampings() {
  static const auto* dampings = new std::vector<Damping>{{.01, RELATIVE_TO_MEAN_EIGENVALUE},
                                                         {1, RELATIVE_TO_MEAN_EIGENVALUE},
                                                         {30, RELATIVE_TO_MEAN_EIGENVALUE}};
  return *dampings;
}

void ExpectClose(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_LE(a.sub(b).abs().max().item<double>(), 1e-8 * b.abs().max().item<double>());
}

class HeldOutRefitTest : public testing::Test {
 protected:
  absl::StatusOr<at::Tensor> ByRefit(const std::string& name, const HeldOutSplit& split,
                                     const std::map<std::string, std::string>& values = {}) {
    const MethodVariant variant = *FindMethodVariant(name);
    Hyperparameters hyperparameters = variant.hyperparameters;
    for (const auto& [key, value] : values) hyperparameters = *hyperparameters.With(key, value);
    const auto method = variant.method->make();
    const HeldOutRefit refit = {
        task_, variant.method->space.facts(), *task_.checkpoint(CheckpointKind::kFullData, 0),
        [&](const AttributionTask& task) { return method->Fit(task, hyperparameters, ledger_); }};
    const auto predictions = PredictHeldOutByRefit(refit, split, Dampings(), ledger_);
    if (!predictions.ok()) return predictions.status();
    return HeldOutCriterion({*predictions}, 1);
  }

  WorkedExample example_;
  AttributionTask task_ = example_.Task();
  CostLedger ledger_;
};

// The general form and the form of the method's own features are the same number.
TEST_F(HeldOutRefitTest, IsThatOfTheMethodsOwnFeatures) {
  const MethodVariant variant = *FindMethodVariant("fisher");
  const HeldOutSplit split = *DrawHeldOutSplit(task_.train.size(), .3, 1000, 0);
  const auto fitted = *variant.method->make()->Fit(task_, variant.hyperparameters, ledger_);
  const auto own = fitted->PredictHeldOut(split, Dampings(), ledger_);
  ASSERT_TRUE(own.ok()) << own.status();
  const auto by_refit = ByRefit("fisher", split);
  ASSERT_TRUE(by_refit.ok()) << by_refit.status();
  ExpectClose(*by_refit, HeldOutCriterion({*own}, 1));
}

// With the model's labels, both sides are the true Fisher matrix, for softmax regression by dense
// algebra: F = mean over i of w_i sum over y of p_iy g_iy g_iy', with w_i = 1 / sum_y p_iy |g_iy|^2
// on both sides.
TEST_F(HeldOutRefitTest, TheModelsLabelsGiveTheTrueFisher) {
  const HeldOutSplit split = *DrawHeldOutSplit(task_.train.size(), .5, 1000, 0);
  const auto by_refit = ByRefit("influence_explicit", split, {{"curvature", "gauss_newton"}});
  ASSERT_TRUE(by_refit.ok()) << by_refit.status();

  const Parameters parameters = *task_.checkpoint(CheckpointKind::kFullData, 0);
  const auto probabilities = [&](const Dataset& examples) {
    return at::softmax(example_.model().Logits(parameters, examples.inputs), 1);
  };
  const auto gradients = [&](const Dataset& examples, int64_t label) {
    const at::Tensor labels = at::full_like(examples.labels, label);
    const at::Tensor deltas = probabilities(examples).sub(at::one_hot(labels, 3).to(at::kDouble));
    const at::Tensor inputs =
        at::cat({examples.inputs, at::ones({examples.size(), 1}, at::kDouble)}, 1);
    return deltas.unsqueeze(2).mul(inputs.unsqueeze(1)).flatten(1);
  };
  const Dataset a = task_.train.Rows(split.fitted), b = task_.train.Rows(split.held_out);
  const at::Tensor pa = probabilities(a), pb = probabilities(b);
  const auto expected_squares = [&](const Dataset& examples) {
    at::Tensor squares = at::zeros({examples.size()}, at::kDouble);
    const at::Tensor of_labels = probabilities(examples);
    for (int64_t y = 0; y < 3; ++y) {
      squares.add_(gradients(examples, y).square().sum(1).mul(of_labels.select(1, y)));
    }
    return squares;
  };
  const at::Tensor squares_a = expected_squares(a), squares_b = expected_squares(b);
  const int64_t p = 3 * 7;
  at::Tensor fisher = at::zeros({p, p}, at::kDouble), held = at::zeros({p, p}, at::kDouble);
  for (int64_t y = 0; y < 3; ++y) {
    const at::Tensor ga = gradients(a, y), gb = gradients(b, y);
    const at::Tensor wa = pa.select(1, y).div(squares_a).div(a.size());
    const at::Tensor wb = pb.select(1, y).div(squares_b).div(b.size());
    fisher.add_(at::matmul(ga.t(), ga.mul(wa.unsqueeze(1))));
    held.add_(at::matmul(gb.t(), gb.mul(wb.unsqueeze(1))));
  }
  at::Tensor q = at::zeros({task_.test.size(), p}, at::kDouble);
  for (int64_t i = 0; i < task_.test.size(); ++i) {
    const int64_t label = task_.test.labels[i].item<int64_t>();
    q[i] = gradients(task_.test, label)[i];
  }
  q = q.div(q.norm(2, 1, true));
  for (size_t d = 0; d < Dampings().size(); ++d) {
    const double lambda = *AbsoluteDamping(Dampings()[d], fisher.trace().item<double>(), p);
    const at::Tensor x = at::linalg_solve(fisher.add(at::eye(p, at::kDouble), lambda), q.t());
    const at::Tensor expected =
        at::matmul(q, x).diagonal().sub(x.mul(at::matmul(held, x)).sum(0), .5);
    ExpectClose((*by_refit)[static_cast<int64_t>(d)], expected);
  }
}

TEST_F(HeldOutRefitTest, ADampingWithoutScoresHasNoValue) {
  const HeldOutSplit split = *DrawHeldOutSplit(task_.train.size(), .5, 10, 0);
  const MethodVariant variant = *FindMethodVariant("fisher");
  class Broken : public FittedAttribution {
   public:
    explicit Broken(int64_t train, int64_t test) : train_(train), test_(test) {}
    absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger&) override {
      if (damping.value == 1) return absl::DataLossError("no scores");
      return at::ones({train_, test_}, at::kDouble);
    }

   private:
    int64_t train_, test_;
  };
  const HeldOutRefit refit = {
      task_, variant.method->space.facts(), *task_.checkpoint(CheckpointKind::kFullData, 0),
      [&](const AttributionTask& task) -> absl::StatusOr<std::unique_ptr<FittedAttribution>> {
        return std::unique_ptr<FittedAttribution>(new Broken(task.train.size(), task.test.size()));
      }};
  const auto predictions = PredictHeldOutByRefit(refit, split, Dampings(), ledger_);
  ASSERT_TRUE(predictions.ok()) << predictions.status();
  const at::Tensor criterion = HeldOutCriterion({*predictions}, 1);
  EXPECT_TRUE(at::isfinite(criterion[0]).all().item<bool>());
  EXPECT_TRUE(at::isnan(criterion[1]).all().item<bool>());
}

}  // namespace
}  // namespace attribench
