// SPDX-License-Identifier: Apache-2.0
//
// Takes the default damping of the method's hyperparameter file. Equal to the tuner
// `mean_eigenvalue` where that default is 0.1 x the mean eigenvalue.
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class Default : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kFixedValue; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    return TunedPoint{problem.hyperparameters().DefaultDamping(), "", {}};
  }
};

[[maybe_unused]] const bool registered = RegisterTuner("default", std::make_unique<Default>());

}  // namespace
}  // namespace attribench
