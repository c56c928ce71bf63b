// SPDX-License-Identifier: Apache-2.0
//
// score_i = weighted mean of g_i . q over checkpoints of one training run. The weight of a
// checkpoint is the mean learning rate of the steps since the checkpoint before it (equation 5).
// The published score is a sum: the sum of the rates times this mean.
#include "ATen/ATen.h"
#include "methods/gradients/task_gradients.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class TracIn : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const int64_t checkpoints = hyperparameters.Integer("checkpoints");
    const int64_t spacing = hyperparameters.Integer("spacing");
    const bool normalise = hyperparameters.Choice("normalise") == "yes";
    const auto parameters =
        ReadCheckpoints(task, CheckpointKind::kAlongRun, checkpoints, ledger, spacing);
    if (!parameters.ok()) return parameters.status();
    at::Tensor scores;
    double weights = 0;
    for (int64_t c = 0; c < checkpoints; ++c) {
      const auto gradients =
          TaskGradients::Make(task, (*parameters)[c], GradientTarget::kLoss, ledger);
      if (!gradients.ok()) return gradients.status();
      const auto products = normalise ? Cosines(gradients->train, gradients->test, ledger)
                                      : InnerProducts(gradients->train, gradients->test, ledger);
      if (!products.ok()) return products.status();
      // Rates are constant or linear in the step, so their mean is the rate in the middle.
      const double weight =
          task.learning_rate((c + .5) * spacing) / task.learning_rate(.5 * spacing);
      scores = c == 0 ? *products : scores.add_(*products, weight);
      weights += weight;
    }
    return MakeUndampedAttribution(scores.div_(weights));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(tracin, TracIn);

}  // namespace attribench
