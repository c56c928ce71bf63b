// SPDX-License-Identifier: Apache-2.0
//
// score_i = mean over checkpoints of g_i . q, computed from layer factors: the [n, p] gradients are
// never stored.
#include "ATen/ATen.h"
#include "methods/attribution_method.h"
#include "methods/gradients/task_gradients.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class GradDot : public AttributionMethod {
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
      const auto products = InnerProducts(gradients->train, gradients->test, ledger);
      if (!products.ok()) return products.status();
      scores = scores.defined() ? scores.add_(*products) : *products;
    }
    return MakeUndampedAttribution(scores.div_(count));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(grad_dot, GradDot);

}  // namespace attribench
