// SPDX-License-Identifier: Apache-2.0
//
// Trains one half-data model beside the method's checkpoint, and takes the damping at which the
// method predicts best what that changed: see ChangeCorrelation in out_of_bag.h.
#include <vector>

#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class OneRetraining : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kSearch; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const std::vector<Damping> dampings = problem.hyperparameters().DampingGrid();
    const absl::StatusOr<std::vector<double>> values = problem.OneRetraining(dampings);
    if (!values.ok()) return values.status();
    return HighestPoint(dampings, *values);
  }
};

[[maybe_unused]] const bool registered =
    RegisterTuner("one_retraining", std::make_unique<OneRetraining>());

}  // namespace
}  // namespace attribench
