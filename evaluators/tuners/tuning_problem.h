// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_TUNING_PROBLEM_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_TUNING_PROBLEM_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/damping.h"
#include "methods/hyperparameters.h"

namespace attribench {

using CheckpointId = std::pair<CheckpointKind, int64_t>;

// A checkpoint that a method read: what it was trained on, and its outputs.
struct CheckpointOutputs {
  CheckpointId id;
  at::Tensor trained_on;     // [train] bool
  at::Tensor train_outputs;  // [train] float64: minus the loss of each training example
  at::Tensor test_outputs;   // [tuning tests] float64: minus the loss of each tuning test example
};

// Everything that a tuner may see: the tuning block, and nothing of the reporting block. Each call
// charges its cost to the phase "tuning". There are two kinds: a LiveTuningProblem asks a method,
// and a ReplayedTuningProblem reads what a live one has recorded.
class TuningProblem {
 public:
  virtual ~TuningProblem() = default;

  // The method's starting point, and the grid that its file declares.
  virtual const Hyperparameters& hyperparameters() const = 0;

  // Subsets that can be retrained for tuning.
  virtual int64_t num_subsets() const = 0;

  // AttributionTask::training_time: of one training on half of the data. 0: unknown.
  virtual double training_time() const = 0;

  // Mean LDS over the tuning tests against the first `num_subsets` retrained subsets, one seed
  // each. Charges these retrainings once, and the sums of scores once per damping. InvalidArgument
  // if fewer than 2 or more than num_subsets() are asked for.
  virtual absl::StatusOr<double> Lds(const Damping& damping, int64_t num_subsets) = 0;

  // Moments of the tuning tests, [dampings, tuning tests]. Nothing is retrained.
  virtual absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings) = 0;
  // The matrix that the moments belong to, if it is not the one that the method inverts; else
  // empty.
  virtual std::string MomentsOf() const = 0;

  // The held-out criterion J of the tuning tests, [dampings, tuning tests] float64: see
  // methods/curvature/held_out_criterion.h. The curvature is fitted to `fraction` of the training
  // examples, the mean over kHeldOutDraws random draws of them, each at another of the method's
  // checkpoints. Of an ensemble, each draw looks at two models, and J is that of the ensemble. 0:
  // kHeldOutFraction.
  //
  // For a method without features of its own, and for absolute dampings: the agreement with a
  // reference (reference_attribution.h), that is the Spearman correlation of the two attributions'
  // sums of scores over the subsets of the block. No retrained output is looked at. The reference
  // is at the method's first checkpoint, and at the damping where the reference's own J is highest.
  // A damping without sums has NaN.
  virtual absl::StatusOr<at::Tensor> HeldOut(const std::vector<Damping>& dampings,
                                             double fraction) = 0;

  // LDS of an ensemble of half-data models whose training examples are the targets: see
  // out_of_bag.h. One value per damping. `num_models` models are trained for it and charged, except
  // those that the method has read. 0: the method's own models; Unimplemented if these are not two
  // or more half-data models. NaN at a damping without scores.
  virtual absl::StatusOr<std::vector<double>> OutOfBag(const std::vector<Damping>& dampings,
                                                       int64_t num_models) = 0;

  // How well the method predicts what becomes of the training examples' outputs if one half-data
  // model is trained: see out_of_bag.h. One value per damping; NaN at a damping without scores.
  virtual absl::StatusOr<std::vector<double>> OneRetraining(
      const std::vector<Damping>& dampings) = 0;

  // Sums of the method's scores over subsets of the tuner's own, [m, train] bool:
  // [dampings, m, tuning tests] float64.
  virtual absl::StatusOr<at::Tensor> SubsetScores(const std::vector<Damping>& dampings,
                                                  const at::Tensor& subsets) = 0;

  // The method's task with the tuning tests as its test examples. A tuner may change the copy, for
  // example its curvature examples, its checkpoints, or the examples that get scores, and fit the
  // method to it. Its function `checkpoint` charges a checkpoint's training, unless the method or
  // this tuner read it before; so its `training_cost` is 0. FailedPrecondition if the problem has
  // no task. Use it while the problem exists.
  virtual absl::StatusOr<AttributionTask> Task() const = 0;

  // The method fitted to `task`, a task of Task() or one made from it. Charges the fit. Charge the
  // scores to ledger().
  virtual absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task) = 0;

  // The checkpoints that the method read, with their outputs. Charges the forward passes.
  virtual absl::StatusOr<std::vector<CheckpointOutputs>> Checkpoints() = 0;

  virtual CostLedger& ledger() = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_TUNING_PROBLEM_H_
