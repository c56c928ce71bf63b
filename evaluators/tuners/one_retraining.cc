// SPDX-License-Identifier: Apache-2.0
//
// Trains one half-data model beside the method's checkpoint, and takes the damping at which the
// method predicts best what that changed: see ChangeCorrelation in out_of_bag.h.
#include <vector>

#include "evaluators/tuners/tuner.h"
#include "methods/requirements.h"

namespace attribench {
namespace {

class OneRetraining : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kSearch; }

  // To methods that read one model at the end of its training.
  bool AppliesTo(const MethodVariant& method) const override {
    const MethodFacts& facts = method.method->space.facts();
    const auto kind = CheckpointKindOf(facts, method.hyperparameters);
    return kind.ok() && *kind != CheckpointKind::kAlongRun &&
           NumCheckpointsRead(facts, method.hyperparameters) == 1;
  }

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
