// SPDX-License-Identifier: Apache-2.0
#include "methods/attribution_method.h"

namespace attribench {

absl::StatusOr<Parameters> ReadCheckpoint(const AttributionTask& task, CheckpointKind kind, int64_t index,
                                          CostLedger& ledger) {
  absl::StatusOr<Parameters> parameters = task.checkpoint(kind, index);
  if (parameters.ok()) ledger.Charge("training", task.training_cost(kind));
  return parameters;
}

absl::StatusOr<double> FittedAttribution::AbsoluteDampingOf(const Damping& damping) const {
  return absl::UnimplementedError("the method has no damping");
}

absl::StatusOr<SpectralMoments> FittedAttribution::Moments(const std::vector<Damping>& dampings,
                                                           CostLedger& ledger) {
  return absl::UnimplementedError("the method has no spectrum");
}

}  // namespace attribench
