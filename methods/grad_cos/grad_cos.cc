// SPDX-License-Identifier: Apache-2.0
//
// score_i = mean over checkpoints of g_i . q / (|g_i| |q|); 0 where either gradient is 0.
#include <limits>

#include "ATen/ATen.h"
#include "methods/registry.h"
#include "methods/task_gradients.h"

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
    const int64_t count = hyperparameters.Integer("checkpoints");
    const auto checkpoints = ReadCheckpoints(task, CheckpointKind::kFullData, count, ledger);
    if (!checkpoints.ok()) return checkpoints.status();
    at::Tensor scores;
    for (const Parameters& parameters : *checkpoints) {
      const auto gradients = TaskGradients::Make(task, parameters, GradientTarget::kLoss, ledger);
      if (!gradients.ok()) return gradients.status();
      at::Tensor of_test;
      const auto cosines =
          PairMatrix(gradients->train, gradients->test, ledger, [&](const GradientPair& pair) {
            if (pair.begin_a == 0) of_test = Norms(pair.b).unsqueeze(0);
            return InnerProducts(pair.a, pair.b, ledger)
                .div_(Norms(pair.a).unsqueeze(1))
                .div_(of_test);
          });
      if (!cosines.ok()) return cosines.status();
      scores = scores.defined() ? scores.add_(*cosines) : *cosines;
    }
    return MakeUndampedAttribution(scores.div_(count));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(grad_cos, GradCos);

}  // namespace attribench
