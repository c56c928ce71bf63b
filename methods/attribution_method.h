// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_ATTRIBUTION_METHOD_H_
#define ATTRIBENCH_METHODS_ATTRIBUTION_METHOD_H_

#include <functional>
#include <memory>
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
  kFullData,
  kHalfData,
  kAlongRun,  // along full-data training 0: number 0 is its end, higher ones lie further back
};

// What is to be attributed: the outputs of a model on test examples, to its training examples.
struct AttributionTask {
  Dataset train;
  Dataset test;
  const Model* model = nullptr;
  // Trained parameters by kind and number; OutOfRange past the last.
  std::function<absl::StatusOr<Parameters>(CheckpointKind, int64_t)> checkpoint;
  // What training one of a kind cost.
  std::function<Cost(CheckpointKind)> training_cost;
  // The learning rate along the run, at its checkpoint `number` or between two.
  std::function<double(double number)> learning_rate = [](double) { return 1.0; };
  // Bytes that a method may take for what it can compute again.
  double memory_limit = 4.0 * (1 << 30);
  // Of these, what the gradients of one data set may take beside what is made of them.
  double gradient_bytes() const { return memory_limit / 4; }
  // And what gradients may take in all where nothing else is large.
  double all_gradient_bytes() const { return memory_limit * 2 / 3; }

  // The training examples, then the test examples: for one pass over both.
  Dataset TrainAndTest() const;
};

// Reads a checkpoint and charges its training to the phase "training"; of a run, the end alone: the
// others lie on the way there.
absl::StatusOr<Parameters> ReadCheckpoint(const AttributionTask& task, CheckpointKind kind,
                                          int64_t index, CostLedger& ledger);

// Checkpoints 0, spacing, ... (count - 1) spacing, all before anything is computed with the first:
// where there are not so many, that is known at once.
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

// Everything that does not depend on damping, done.
class FittedAttribution {
 public:
  virtual ~FittedAttribution() = default;

  // [train, test]; positive where the training example helps: it raises -loss of the test example.
  // Methods without damping take no notice of the argument.
  virtual absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) = 0;

  // What tuning needs of the scores, often for much less than the scores: their sums over subsets
  // of the training examples. PrepareSubsets takes the subsets, [m, train] bool, once; SubsetScores
  // gives [m, test] float64 at any damping. Without an override these go through Scores. DataLoss
  // with the place of the first score (or sum) that is not finite.
  virtual absl::Status PrepareSubsets(const at::Tensor& subsets, CostLedger& ledger);
  virtual absl::StatusOr<at::Tensor> SubsetScores(const Damping& damping, CostLedger& ledger);
  // Whether SubsetScores does without Scores, which then costs the same at every damping.
  virtual bool SumsWithoutScores() const { return false; }

  // The lambda that is added to the spectrum, a mean where there are several spectra. Unimplemented
  // where there is no damping.
  virtual absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const;

  // Unimplemented where there is no spectrum.
  virtual absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                                  CostLedger& ledger);

  // Whose spectrum the moments are of, where it is not that of the matrix which Scores inverts:
  // "the empirical Fisher". Empty otherwise.
  virtual std::string MomentsOf() const { return ""; }

 private:
  at::Tensor subsets_;
};

// Scores [train, test] that no damping changes.
std::unique_ptr<FittedAttribution> MakeUndampedAttribution(at::Tensor scores);

// subsets [m, train] bool, scores [train, test]: their sums [m, test] float64. DataLoss as above.
absl::StatusOr<at::Tensor> SumOverSubsets(const at::Tensor& subsets, const at::Tensor& scores);
// DataLoss, with the count and the first place, where a value is not finite; `what` names the
// values.
absl::Status CheckFinite(const at::Tensor& matrix, const std::string& what);

class AttributionMethod {
 public:
  virtual ~AttributionMethod() = default;

  // InvalidArgument for values the method cannot use, ResourceExhausted (with the bytes it would
  // take) before allocating what cannot be had, DataLoss where gradients are not finite, Internal
  // where a factorisation fails.
  virtual absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(
      const AttributionTask& task, const Hyperparameters& hyperparameters, CostLedger& ledger) = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_ATTRIBUTION_METHOD_H_
