// SPDX-License-Identifier: Apache-2.0
//
// score_i = mean over checkpoints of g_i . q, from layer factors: n x p gradients are never
// written.
#include "ATen/ATen.h"
#include "methods/attribution_method.h"
#include "methods/registry.h"
#include "methods/task_gradients.h"

namespace attribench {
namespace {

class GradDot : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const int64_t checkpoints = hyperparameters.Integer("checkpoints");
    at::Tensor scores;
    for (int64_t c = 0; c < checkpoints; ++c) {
      const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, c, ledger);
      if (!parameters.ok()) return parameters.status();
      const auto gradients = TaskGradients::Make(task, *parameters, GradientTarget::kLoss, ledger);
      if (!gradients.ok()) return gradients.status();
      const auto products = InnerProducts(gradients->train, gradients->test, ledger);
      if (!products.ok()) return products.status();
      scores = c == 0 ? *products : scores.add_(*products);
    }
    return MakeUndampedAttribution(scores.div_(checkpoints));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(grad_dot, GradDot);

}  // namespace attribench
