// SPDX-License-Identifier: Apache-2.0
//
// A training that stops after the time T (the sum of its learning rates) has moved along an
// eigenvector with eigenvalue h by (1 - exp(-T h)) / h of the gradient: about as far as an inverse
// with the damping 1 / T goes. So the damping is 1 / T, for training on half of the data.
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class EarlyStopping : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kSelector; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const double time = problem.training_time();
    if (!(time > 0)) return absl::UnimplementedError("the training time is not known");
    return TunedPoint{{1 / time, ABSOLUTE}, "", {}};
  }
};

[[maybe_unused]] const bool registered =
    RegisterTuner("early_stopping", std::make_unique<EarlyStopping>());

}  // namespace
}  // namespace attribench
