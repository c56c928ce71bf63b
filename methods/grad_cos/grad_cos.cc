// SPDX-License-Identifier: Apache-2.0
//
// score_i = mean over checkpoints of g_i . q / (|g_i| |q|); 0 where either gradient is 0.
#include <limits>

#include "ATen/ATen.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

namespace attribench {
namespace {

// |g_i|, [n], at least the smallest positive number.
at::Tensor Norms(const GradientFactors& factors) {
  return SquaredNorms(factors).sqrt().clamp_min(std::numeric_limits<float>::min());
}

class GradCos : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const int64_t checkpoints = hyperparameters.Integer("checkpoints");
    at::Tensor scores;
    for (int64_t c = 0; c < checkpoints; ++c) {
      const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, c, ledger);
      if (!parameters.ok()) return parameters.status();
      const auto train = ComputeGradientFactors(*task.model, *parameters, task.train,
                                                GradientTarget::kLoss, ledger);
      if (!train.ok()) return train.status();
      const auto test = ComputeGradientFactors(*task.model, *parameters, task.test,
                                               GradientTarget::kLoss, ledger);
      if (!test.ok()) return test.status();
      const at::Tensor cosines = InnerProducts(*train, *test, ledger)
                                     .div_(Norms(*train).unsqueeze(1))
                                     .div_(Norms(*test).unsqueeze(0));
      scores = c == 0 ? cosines : scores.add_(cosines);
    }
    return MakeUndampedAttribution(scores.div_(checkpoints));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(grad_cos, GradCos);

}  // namespace attribench
