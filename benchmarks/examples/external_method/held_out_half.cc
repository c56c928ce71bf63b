// SPDX-License-Identifier: Apache-2.0
//
// Cross-validation of the damped inverse, without any retraining. The curvature F_A comes from a
// random half A of the training examples; B is the other half. For each tuning test with gradient
// q, let x = (F_A + lambda I)^-1 q. This tuner takes the damping of the grid with the largest mean
// over the tuning tests of
//   q'x - 1/2 mean over B of (g_i'x)^2.
// This number grows when x comes nearer to F^-1 q in the norm of F. q'x is a score of the test
// itself, and g_i'x is a score of an example in B.
#include <memory>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/random_stream.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class HeldOutHalf : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kSelector; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    absl::StatusOr<AttributionTask> task = problem.Task();
    if (!task.ok()) return task.status();
    const int64_t n = task->train.size(), half = n / 2, tests = task->test.size();
    const at::Tensor order = at::tensor(RandomStream(1, "held out").Permutation(n), at::kLong);
    const Dataset b = task->train.Rows(order.slice(0, half));
    task->own_curvature_examples = CurvatureExamples{task->train.Rows(order.slice(0, 0, half)), {}};
    task->train = {at::cat({task->test.inputs, b.inputs}), at::cat({task->test.labels, b.labels})};
    const auto fitted = problem.Fit(*task);
    if (!fitted.ok()) return fitted.status();

    TunedPoint best;
    for (const Damping& damping : problem.hyperparameters().DampingGrid()) {
      const auto scores = (*fitted)->Scores(damping, problem.ledger());
      if (!scores.ok()) return scores.status();
      const at::Tensor s = scores->to(at::kDouble);
      const double value = s.slice(0, 0, tests)
                               .diagonal()
                               .sub(s.slice(0, tests).square().mean(0).div(2))
                               .mean()
                               .item<double>();
      best.criterion.push_back({damping, value});
      bool highest = true;
      for (const CriterionPoint& point : best.criterion) highest = highest && point.value <= value;
      if (highest) best.damping = damping;
    }
    best.message = absl::StrCat("curvature from ", half, " of ", n, " examples");
    return best;
  }
};

[[maybe_unused]] const bool registered =
    RegisterTuner("held_out_half", std::make_unique<HeldOutHalf>());

}  // namespace
}  // namespace attribench
