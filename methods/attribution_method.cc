// SPDX-License-Identifier: Apache-2.0
#include "methods/attribution_method.h"

#include <algorithm>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/random_stream.h"

namespace attribench {
namespace {

class Undamped : public FittedAttribution {
 public:
  explicit Undamped(at::Tensor scores) : scores_(std::move(scores)) {}
  absl::StatusOr<at::Tensor> Scores(const Damping&, CostLedger&) override { return scores_; }

 private:
  at::Tensor scores_;
};

class SumsOfScores : public SubsetScorer {
 public:
  SumsOfScores(FittedAttribution& fitted, at::Tensor subsets)
      : fitted_(fitted), subsets_(std::move(subsets)) {}

  absl::StatusOr<at::Tensor> Sums(const Damping& damping, CostLedger& ledger) override {
    const absl::StatusOr<at::Tensor> scores = fitted_.Scores(damping, ledger);
    if (!scores.ok()) return scores.status();
    return SumOverSubsets(subsets_, *scores);
  }

 private:
  FittedAttribution& fitted_;
  at::Tensor subsets_;
};

}  // namespace

std::unique_ptr<FittedAttribution> MakeUndampedAttribution(at::Tensor scores) {
  return std::make_unique<Undamped>(std::move(scores));
}

at::Tensor CurvatureExamples::MeanOneWeights() const {
  return weights.defined() ? weights.div(weights.mean()) : at::Tensor();
}

at::Tensor ExampleRows::Of(const at::Tensor& all) const { return all.slice(0, begin, end); }

CurvatureExamples AttributionTask::curvature_examples() const {
  return own_curvature_examples.has_value() ? *own_curvature_examples
                                            : CurvatureExamples{train, {}};
}

Dataset AttributionTask::AllExamples() const {
  std::vector<at::Tensor> inputs, labels;
  if (own_curvature_examples.has_value()) {
    inputs.push_back(own_curvature_examples->examples.inputs);
    labels.push_back(own_curvature_examples->examples.labels);
  }
  for (const Dataset* group : {&train, &test}) {
    inputs.push_back(group->inputs);
    labels.push_back(group->labels);
  }
  return {at::cat(inputs), at::cat(labels)};
}

ExampleRows AttributionTask::curvature_rows() const { return {0, curvature_examples().size()}; }

ExampleRows AttributionTask::train_rows() const {
  const int64_t begin = own_curvature_examples.has_value() ? own_curvature_examples->size() : 0;
  return {begin, begin + train.size()};
}

ExampleRows AttributionTask::test_rows() const {
  const int64_t begin = train_rows().end;
  return {begin, begin + test.size()};
}

AttributionTask WithCurvatureFraction(const AttributionTask& task,
                                      const Hyperparameters& hyperparameters) {
  const double fraction = hyperparameters.Real("curvature_fraction");
  if (fraction >= 1) return task;
  const CurvatureExamples all = task.curvature_examples();
  const auto count =
      std::max<int64_t>(1, static_cast<int64_t>(fraction * static_cast<double>(all.size())));
  const at::Tensor drawn =
      at::tensor(RandomStream(1, "curvature fraction").Sample(all.size(), count), at::kLong);
  CurvatureExamples some;
  some.examples = all.examples.Rows(drawn);
  if (all.weights.defined()) {
    some.weights = all.weights.index_select(0, drawn.to(all.weights.device()));
  }
  AttributionTask result = task;
  result.own_curvature_examples = std::move(some);
  return result;
}

CheckpointKind ParseCheckpointKind(const Hyperparameters& hyperparameters) {
  return hyperparameters.Choice("checkpoint_kind") == "half_data" ? CheckpointKind::kHalfData
                                                                  : CheckpointKind::kFullData;
}

absl::StatusOr<Parameters> ReadCheckpoint(const AttributionTask& task, CheckpointKind kind,
                                          int64_t index, CostLedger& ledger) {
  absl::StatusOr<Parameters> parameters = task.checkpoint(kind, index);
  if (parameters.ok() && (kind != CheckpointKind::kAlongRun || index == 0)) {
    ledger.Charge("training", task.training_cost(kind));
  }
  return parameters;
}

absl::StatusOr<std::vector<Parameters>> ReadCheckpoints(const AttributionTask& task,
                                                        CheckpointKind kind, int64_t count,
                                                        CostLedger& ledger, int64_t spacing) {
  std::vector<Parameters> checkpoints;
  for (int64_t c = 0; c < count; ++c) {
    absl::StatusOr<Parameters> parameters = ReadCheckpoint(task, kind, c * spacing, ledger);
    if (!parameters.ok()) return parameters.status();
    checkpoints.push_back(*std::move(parameters));
  }
  return checkpoints;
}

absl::Status CheckFinite(const at::Tensor& matrix, const std::string& what) {
  const at::Tensor bad = at::isfinite(matrix).logical_not();
  if (!bad.any().item<bool>()) return absl::OkStatus();
  const at::Tensor first = bad.nonzero()[0];
  return absl::DataLossError(absl::StrCat(bad.sum().item<int64_t>(), " of ", matrix.numel(), " ",
                                          what, " are not finite, the first at [",
                                          first[0].item<int64_t>(), ", ", first[1].item<int64_t>(),
                                          "]"));
}

absl::Status CheckSubsets(const at::Tensor& subsets, int64_t num_train) {
  if (subsets.dim() == 2 && subsets.size(1) == num_train) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("subsets are [", absl::StrJoin(subsets.sizes(), ", "), "], must be [subsets, ",
                   num_train, " training examples]"));
}

absl::StatusOr<at::Tensor> SumOverSubsets(const at::Tensor& subsets, const at::Tensor& scores) {
  if (!scores.defined()) return absl::InvalidArgumentError("scores are an undefined tensor");
  if (subsets.dim() != 2 || scores.dim() != 2 || subsets.size(1) != scores.size(0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "subsets are [", absl::StrJoin(subsets.sizes(), ", "), "] and scores [",
        absl::StrJoin(scores.sizes(), ", "), "], must be [subsets, train] and [train, test]"));
  }
  if (const absl::Status status = CheckFinite(scores, "scores"); !status.ok()) return status;
  return at::matmul(subsets.to(at::kDouble), scores.to(at::kDouble));
}

absl::Status FittedAttribution::PrepareManyDampings(CostLedger&) { return absl::OkStatus(); }

absl::StatusOr<std::unique_ptr<SubsetScorer>> FittedAttribution::ScoreSubsets(
    const at::Tensor& subsets, CostLedger&) {
  return std::unique_ptr<SubsetScorer>(new SumsOfScores(*this, subsets));
}

absl::StatusOr<HeldOutPredictions> FittedAttribution::PredictHeldOut(const HeldOutSplit&,
                                                                     const std::vector<Damping>&,
                                                                     CostLedger&) {
  return absl::UnimplementedError("this method has no features of its own to hold out");
}

absl::StatusOr<std::unique_ptr<TrainingTargetScorer>> FittedAttribution::ScoreTrainingTargets(
    const at::Tensor&, CostLedger&) {
  return absl::UnimplementedError("this method does not score training examples as targets");
}

absl::StatusOr<double> FittedAttribution::AbsoluteDampingOf(const Damping& damping) const {
  return absl::UnimplementedError("the method has no damping");
}

absl::StatusOr<SpectralMoments> FittedAttribution::Moments(const std::vector<Damping>& dampings,
                                                           CostLedger& ledger) {
  return absl::UnimplementedError("the method has no spectrum");
}

absl::StatusOr<at::Tensor> AttributionMethod::Attribute(AttributionTask task,
                                                        const Hyperparameters& hyperparameters,
                                                        const Damping& damping,
                                                        CostLedger& ledger) {
  task.one_damping = true;
  absl::StatusOr<std::unique_ptr<FittedAttribution>> fitted = absl::UnknownError("");
  {
    const CostLedger::Phase phase(ledger, "fit");
    fitted = Fit(task, hyperparameters, ledger);
  }
  if (!fitted.ok()) return fitted.status();
  const CostLedger::Phase phase(ledger, "scoring");
  return (*fitted)->Scores(damping, ledger);
}

}  // namespace attribench
