// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_ATTRIBUTION_METHOD_H_
#define ATTRIBENCH_METHODS_ATTRIBUTION_METHOD_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "methods/cost_ledger.h"
#include "methods/damping.h"
#include "methods/hyperparameters.h"

namespace attribench {

enum class CheckpointKind {
  kFullData,  // trained on all training examples
  kHalfData,  // trained on a random half of them
  kAlongRun,  // along full-data training 0: number 0 is its end, higher numbers are earlier
};

// The examples that a method estimates its curvature on.
struct CurvatureExamples {
  Dataset examples;
  // [m] float64, at least 0, not all 0; only ratios matter. Undefined: all examples count the same.
  at::Tensor weights;

  int64_t size() const { return examples.size(); }
  // The weights scaled to a mean of 1, [m] float64; undefined if all count the same.
  at::Tensor MeanOneWeights() const;
};

// Rows [begin, end) of a tensor that holds several groups of examples.
struct ExampleRows {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
  at::Tensor Of(const at::Tensor& all) const;
};

// The task: attribute a model's outputs on test examples to training examples.
struct AttributionTask {
  Dataset train;  // the examples that get scores: rows of the score matrix
  Dataset test;   // the examples whose outputs are attributed: its columns
  // The examples that the damped matrix is estimated on, if these are not `train` itself. Every
  // method with a curvature uses them; `train` is scored all the same.
  std::optional<CurvatureExamples> own_curvature_examples;
  const Model* model = nullptr;
  // Trained parameters by kind and number. OutOfRange past the last one.
  std::function<absl::StatusOr<Parameters>(CheckpointKind, int64_t)> checkpoint;
  // The training examples that a checkpoint was trained on, [n] bool over all training examples of
  // the setting, in their order.
  std::function<absl::StatusOr<at::Tensor>(CheckpointKind, int64_t)> trained_on;
  // The cost of training one checkpoint of a kind.
  std::function<Cost(CheckpointKind)> training_cost;
  // The learning rate along the run, at checkpoint `number` or between two.
  std::function<double(double number)> learning_rate = [](double) { return 1.0; };
  // The sum of the learning rates of all steps of a training on half of the data, over 1 -
  // momentum: the time that gradient descent has run for. 0: unknown.
  double training_time = 0;
  // A hint: scores are wanted at one damping only. A method with a path that is cheaper for one
  // damping and dearer for many takes it, such as a Cholesky factor in place of an
  // eigendecomposition. What it returns is the same, except for rounding.
  bool one_damping = false;
  // Where a method computes: FitOnDevice (methods/fit_on_device.h) moves the task there before it
  // fits. Everything else in the program, the task's own tensors included, stays on the CPU.
  at::Device device = at::kCPU;
  // Bytes that a method may use for what it can compute again, on its device.
  double memory_limit = 4.0 * (1 << 30);
  // Share of memory_limit for one data set's gradients, when something derived from them is kept
  // too.
  double gradient_bytes() const { return memory_limit / 4; }
  // Share of memory_limit for all gradients, when nothing else is large.
  double all_gradient_bytes() const { return memory_limit * 2 / 3; }

  CurvatureExamples curvature_examples() const;

  // All examples in one data set, for one pass over them: the own curvature examples, if there are
  // any, then train, then test.
  Dataset AllExamples() const;
  // Where each group is in AllExamples().
  ExampleRows curvature_rows() const;
  ExampleRows train_rows() const;
  ExampleRows test_rows() const;
};

// The task with its curvature estimated on a fraction of the curvature examples: floor(fraction m)
// of them, at least one, drawn without replacement from RandomStream(1, "curvature fraction"). The
// fraction is the hyperparameter "curvature_fraction", in (0, 1]; 1 changes nothing.
AttributionTask WithCurvatureFraction(const AttributionTask& task,
                                      const Hyperparameters& hyperparameters);

// The hyperparameter "checkpoint_kind": full_data or half_data.
CheckpointKind ParseCheckpointKind(const Hyperparameters& hyperparameters);

// Reads a checkpoint and charges its training to the phase "training". Checkpoints along a run are
// free except the last one: the others lie on the way to it.
absl::StatusOr<Parameters> ReadCheckpoint(const AttributionTask& task, CheckpointKind kind,
                                          int64_t index, CostLedger& ledger);

// Reads checkpoints 0, spacing, ... (count - 1) spacing before anything is computed, so that a
// missing one is reported at once.
absl::StatusOr<std::vector<Parameters>> ReadCheckpoints(const AttributionTask& task,
                                                        CheckpointKind kind, int64_t count,
                                                        CostLedger& ledger, int64_t spacing = 1);

// Power sums of a damped spectrum, per damping and test example. With eigenpairs (mu_j, u_j) of the
// damped matrix F and the test gradient q,
//   t_k = q' (F + lambda I)^-k F q = sum_j mu_j (u_j . q)^2 / (mu_j + lambda)^k.
// Each [dampings, test] float64.
struct SpectralMoments {
  at::Tensor t1, t2, t3;
};

// Sums of scores over fixed subsets of the training examples, at any damping. Tuners and evaluators
// need only these, and they often cost much less than the scores.
class SubsetScorer {
 public:
  virtual ~SubsetScorer() = default;

  // [subsets, test] float64. DataLoss with the place of the first score (or sum) that is not
  // finite.
  virtual absl::StatusOr<at::Tensor> Sums(const Damping& damping, CostLedger& ledger) = 0;
};

// Scores with the training examples as targets, one checkpoint at a time. float64.
struct TrainingTargetSums {
  at::Tensor sums;  // over the members of each subset, [checkpoints, subsets, train]
  at::Tensor own;   // each target's score for itself, [checkpoints, train]
};

// Sums of scores over fixed subsets, with the training examples as targets: what each checkpoint
// says of models that were trained on these subsets.
class TrainingTargetScorer {
 public:
  virtual ~TrainingTargetScorer() = default;
  // DataLoss if a sum is not finite.
  virtual absl::StatusOr<TrainingTargetSums> Sums(const Damping& damping, CostLedger& ledger) = 0;
};

// Numbers of examples, int64: two disjoint sets of training examples, and test examples.
struct HeldOutSplit {
  at::Tensor fitted;       // the curvature is estimated on these
  at::Tensor held_out;     // and judged on these
  at::Tensor tests;        // for these test examples; undefined: for all
  int64_t checkpoint = 0;  // at this checkpoint of the method's; counts from 0 again past the last
};

// What a damped inverse at one checkpoint, x = (F + lambda I)^-1 q for each test example, predicts.
// float64.
struct HeldOutPredictions {
  at::Tensor test;  // q'x [dampings, tests]
  // g'x of the held-out examples, each times the root of its weight; the weights add up to 1. Where
  // groups of parameters (layers) are inverted one by one, each group has rows of its own.
  at::Tensor held_out;  // [dampings, held out, tests]
};

// A method after everything that does not depend on damping is done.
class FittedAttribution {
 public:
  virtual ~FittedAttribution() = default;

  // [train, test]; positive if the training example helps: it raises -loss of the test example.
  // Methods without damping ignore the argument.
  virtual absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) = 0;

  // Does the work that serves many dampings, if the fit left it out because of
  // AttributionTask::one_damping. The other functions may be called without it. Without an
  // override, there is no such work.
  virtual absl::Status PrepareManyDampings(CostLedger& ledger);

  // Prepares everything that depends on the subsets, [m, train] bool, but not on damping. Without
  // an override, the scorer computes Scores and sums them. This object must outlive the scorer.
  // Errors as CheckSubsets.
  virtual absl::StatusOr<std::unique_ptr<SubsetScorer>> ScoreSubsets(const at::Tensor& subsets,
                                                                     CostLedger& ledger);

  // What the method's own features predict on held-out examples, for the held-out criterion: see
  // methods/curvature/held_out_criterion.h. Dampings must be relative. Unimplemented if the method
  // has no features of its own, or if its curvature is estimated on other examples than `train`.
  virtual absl::StatusOr<HeldOutPredictions> PredictHeldOut(const HeldOutSplit& split,
                                                            const std::vector<Damping>& dampings,
                                                            CostLedger& ledger);

  // Prepares sums of scores over subsets, [m, train] bool, with the training examples as targets.
  // This object must outlive the scorer. Unimplemented if that would take a fit of its own. Errors
  // as CheckSubsets.
  virtual absl::StatusOr<std::unique_ptr<TrainingTargetScorer>> ScoreTrainingTargets(
      const at::Tensor& subsets, CostLedger& ledger);

  // The lambda that is added to the spectrum; a mean if there are several spectra. Unimplemented if
  // there is no damping.
  virtual absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const;

  // Unimplemented if there is no spectrum.
  virtual absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                                  CostLedger& ledger);

  // The matrix that the moments belong to, if it is not the one that Scores inverts: "the empirical
  // Fisher". Empty otherwise.
  virtual std::string MomentsOf() const { return ""; }
};

// Scores [train, test] that do not depend on damping.
std::unique_ptr<FittedAttribution> MakeUndampedAttribution(at::Tensor scores);

// InvalidArgument, with both shapes, if `subsets` is not [m, num_train].
absl::Status CheckSubsets(const at::Tensor& subsets, int64_t num_train);
// subsets [m, train] bool, scores [train, test]: sums [m, test] float64. InvalidArgument for other
// shapes, DataLoss as in SubsetScorer::Sums.
absl::StatusOr<at::Tensor> SumOverSubsets(const at::Tensor& subsets, const at::Tensor& scores);
// DataLoss, with the count and the first place, if a value is not finite; `what` names the values.
absl::Status CheckFinite(const at::Tensor& matrix, const std::string& what);

class AttributionMethod {
 public:
  virtual ~AttributionMethod() = default;

  // InvalidArgument for values that the method cannot use, ResourceExhausted with the bytes needed
  // if memory does not suffice, DataLoss if gradients are not finite, Internal if a factorisation
  // fails.
  virtual absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(
      const AttributionTask& task, const Hyperparameters& hyperparameters, CostLedger& ledger) = 0;

  // One attribution at one damping, by the cheapest path that the method has: Fit to the task with
  // its hint one_damping, in the phase "fit", and Scores, in the phase "scoring".
  absl::StatusOr<at::Tensor> Attribute(AttributionTask task, const Hyperparameters& hyperparameters,
                                       const Damping& damping, CostLedger& ledger);
};

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_ATTRIBUTION_METHOD_H_
