// SPDX-License-Identifier: Apache-2.0
//
// The damping that the method's hyperparameter file has as its default.
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
