// SPDX-License-Identifier: Apache-2.0
//
// score_i = mean over checkpoints of g_i . q / (|g_i| |q|); 0 if either gradient is 0.
#include "ATen/ATen.h"
#include "methods/gradients/task_gradients.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class GradCos : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const int64_t count = hyperparameters.Integer("checkpoints");
    const auto checkpoints = ReadCheckpoints(task, CheckpointKind::kFullData, count, ledger);
    if (!checkpoints.ok()) return checkpoints.status();
    at::Tensor scores;
    for (const Parameters& parameters : *checkpoints) {
      const auto gradients = TaskGradients::Make(task, parameters, GradientTarget::kLoss, ledger);
      if (!gradients.ok()) return gradients.status();
      const auto cosines = Cosines(gradients->train, gradients->test, ledger);
      if (!cosines.ok()) return cosines.status();
      scores = scores.defined() ? scores.add_(*cosines) : *cosines;
    }
    return MakeUndampedAttribution(scores.div_(count));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(grad_cos, GradCos);

}  // namespace attribench
