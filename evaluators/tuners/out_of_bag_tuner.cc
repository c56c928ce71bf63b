// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/out_of_bag_tuner.h"

#include <vector>

#include "methods/requirements.h"

namespace attribench {

TunerKind OutOfBagTuner::kind() const {
  return num_models_ == 0 ? TunerKind::kSelector : TunerKind::kSearch;
}

bool OutOfBagTuner::AppliesTo(const MethodVariant& method) const {
  const MethodFacts& facts = method.method->space.facts();
  const auto kind = CheckpointKindOf(facts, method.hyperparameters);
  if (!kind.ok() || *kind == CheckpointKind::kAlongRun) return false;
  const bool is_half_data_ensemble =
      *kind == CheckpointKind::kHalfData && NumCheckpointsRead(facts, method.hyperparameters) >= 2;
  return is_half_data_ensemble == (num_models_ == 0);
}

absl::StatusOr<TunedPoint> OutOfBagTuner::Tune(TuningProblem& problem) const {
  const std::vector<Damping> dampings = problem.hyperparameters().DampingGrid();
  const absl::StatusOr<std::vector<double>> values = problem.OutOfBag(dampings, num_models_);
  if (!values.ok()) return values.status();
  return HighestPoint(dampings, *values);
}

}  // namespace attribench
