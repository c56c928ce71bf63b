// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_TUNING_PROBLEM_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_TUNING_PROBLEM_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/zoo/zoo.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/tuners/damping_sweep.h"
#include "methods/attribution_method.h"

namespace attribench {

using CheckpointId = std::pair<CheckpointKind, int64_t>;

// A checkpoint that a method read: what it was trained on, and its outputs.
struct CheckpointOutputs {
  CheckpointId id;
  at::Tensor trained_on;     // [train] bool
  at::Tensor train_outputs;  // [train] float64: minus the loss of each training example
  at::Tensor test_outputs;   // [tuning tests] float64: minus the loss of each tuning test example
};

// What a tuning problem is made of. The references must outlive the problem.
struct TuningSources {
  const Hyperparameters& hyperparameters;
  DampingSweep& sweep;
  const GroundTruth& truth;
  const EvaluationBlock& block;
  Cost retraining;  // of one subset
  // For tuners that fit the method again or look at its checkpoints: the task that `sweep` was
  // fitted to, the method's Fit, and the checkpoints that it read then.
  const AttributionTask* task = nullptr;
  std::function<absl::StatusOr<std::unique_ptr<FittedAttribution>>(const AttributionTask&,
                                                                   CostLedger&)>
      fit;
  std::vector<CheckpointId> checkpoints_read;
};

// Everything that a tuner may see: the tuning block, and nothing of the reporting block. Each call
// charges its cost to the phase "tuning".
class TuningProblem {
 public:
  // Keeps a reference to `ledger`.
  TuningProblem(TuningSources sources, CostLedger& ledger);

  // The method's starting point, and the grid that its file declares.
  const Hyperparameters& hyperparameters() const { return sources_.hyperparameters; }

  // Subsets that can be retrained for tuning.
  int64_t num_subsets() const { return static_cast<int64_t>(sources_.block.subsets.size()); }

  // Mean LDS over the tuning tests against the first `num_subsets` retrained subsets, one seed
  // each. Charges these retrainings once, and the sums of scores once per damping. InvalidArgument
  // if fewer than 2 or more than num_subsets() are asked for.
  absl::StatusOr<double> Lds(const Damping& damping, int64_t num_subsets);

  // Moments of the tuning tests, [dampings, tuning tests]. Nothing is retrained.
  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings);
  // The matrix that the moments belong to, if it is not the one that the method inverts; else
  // empty.
  std::string MomentsOf() const { return sources_.sweep.fitted().MomentsOf(); }

  // Sums of the method's scores over subsets of the tuner's own, [m, train] bool:
  // [dampings, m, tuning tests] float64.
  absl::StatusOr<at::Tensor> SubsetScores(const std::vector<Damping>& dampings,
                                          const at::Tensor& subsets);

  // The method's task with the tuning tests as its test examples. A tuner may change the copy, for
  // example its curvature examples, its checkpoints, or the examples that get scores, and fit the
  // method to it. Its function `checkpoint` charges a checkpoint's training, unless the method or
  // this tuner read it before; so its `training_cost` is 0. FailedPrecondition if the problem has
  // no task. Use it while the problem exists.
  absl::StatusOr<AttributionTask> Task() const;

  // The method fitted to `task`, a task of Task() or one made from it. Charges the fit. Charge the
  // scores to ledger().
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task);

  // The checkpoints that the method read, with their outputs. Charges the forward passes.
  absl::StatusOr<std::vector<CheckpointOutputs>> Checkpoints();

  CostLedger& ledger() { return ledger_; }

  // Whether a call looked at the method at several dampings: Lds, Moments or SubsetScores. The
  // first such call charges what the method needs for that.
  bool looked_at_dampings() const { return looked_at_dampings_; }

 private:
  DampingSweep& LookAtDampings();
  absl::StatusOr<CheckpointOutputs> OutputsOf(const CheckpointId& id, const AttributionTask& task);

  TuningSources sources_;
  CostLedger& ledger_;
  bool looked_at_dampings_ = false;
  int64_t retrained_ = 0;
  std::set<Damping> scored_;
  // Checkpoints with a training that is charged already. Shared with the tasks that Task() gives.
  std::shared_ptr<std::set<CheckpointId>> trained_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_TUNING_PROBLEM_H_
