// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_REPLAY_REPLAYED_TUNING_PROBLEM_H_
#define ATTRIBENCH_EVALUATORS_REPLAY_REPLAYED_TUNING_PROBLEM_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "evaluators/replay/tuning_record.h"
#include "evaluators/tuners/tuning_problem.h"

namespace attribench {

// A tuning problem without a model: it reads a TuningRecord. Its answers and its costs are those of
// the LiveTuningProblem that was recorded.
//
// It has what was recorded and nothing else. Unimplemented, in a sentence that says what there is,
// for a damping that is no point of the grid, for a curve that is not in the record or over other
// dampings, and for everything that needs a model: SubsetScores, Task, Fit and Checkpoints. Moments
// of a part of the grid cost as much as those of all.
class ReplayedTuningProblem : public TuningProblem {
 public:
  // The references must outlive the problem.
  ReplayedTuningProblem(const TuningRecord& record, CostLedger& ledger);

  const Hyperparameters& hyperparameters() const override { return hyperparameters_; }
  int64_t num_subsets() const override { return record_.tuning.effects.size(1); }
  absl::StatusOr<double> Lds(const Damping& damping, int64_t num_subsets) override;
  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings) override;
  std::string MomentsOf() const override { return record_.moments.of; }
  double training_time() const override { return record_.training_time; }
  absl::StatusOr<at::Tensor> HeldOut(const std::vector<Damping>& dampings,
                                     double fraction) override;
  absl::StatusOr<std::vector<double>> OutOfBag(const std::vector<Damping>& dampings,
                                               int64_t num_models) override;
  absl::StatusOr<std::vector<double>> OneRetraining(const std::vector<Damping>& dampings) override;
  absl::StatusOr<at::Tensor> SubsetScores(const std::vector<Damping>& dampings,
                                          const at::Tensor& subsets) override;
  absl::StatusOr<AttributionTask> Task() const override;
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task) override;
  absl::StatusOr<std::vector<CheckpointOutputs>> Checkpoints() override;
  CostLedger& ledger() override { return ledger_; }

  // As in LiveTuningProblem.
  bool looked_at_dampings() const { return looked_at_dampings_; }

 private:
  void LookAtDampings();
  // Unimplemented if the damping is no point of the grid.
  absl::StatusOr<size_t> Place(const Damping& damping) const;
  absl::StatusOr<at::Tensor> CurveOf(const std::string& name, const std::vector<Damping>& dampings);

  const TuningRecord& record_;
  CostLedger& ledger_;
  const Hyperparameters hyperparameters_;
  bool looked_at_dampings_ = false;
  int64_t retrained_ = 0;
  std::set<size_t> scored_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_REPLAY_REPLAYED_TUNING_PROBLEM_H_
