// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/tuning_problem.h"

#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/models/model_outputs.h"
#include "evaluators/metrics/linear_datamodeling_score.h"
#include "evaluators/statistics/column_correlations.h"

namespace attribench {
namespace {

constexpr char kPhase[] = "tuning";

}  // namespace

TuningProblem::TuningProblem(TuningSources sources, CostLedger& ledger)
    : sources_(std::move(sources)),
      ledger_(ledger),
      trained_(std::make_shared<std::set<CheckpointId>>(sources_.checkpoints_read.begin(),
                                                        sources_.checkpoints_read.end())) {}

DampingSweep& TuningProblem::LookAtDampings() {
  if (!looked_at_dampings_) ledger_.Charge(sources_.sweep.many_dampings());
  looked_at_dampings_ = true;
  return sources_.sweep;
}

absl::StatusOr<double> TuningProblem::Lds(const Damping& damping, int64_t num_subsets) {
  const CostLedger::Phase phase(ledger_, kPhase);
  if (num_subsets < 2 || num_subsets > this->num_subsets()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tuning on ", num_subsets, " retrained subsets, must be from 2 to ", this->num_subsets()));
  }
  if (num_subsets > retrained_) {
    ledger_.Charge(sources_.retraining * static_cast<double>(num_subsets - retrained_));
    retrained_ = num_subsets;
  }
  DampingSweep& sweep = LookAtDampings();
  const absl::StatusOr<const DampingSweep::Point*> point = sweep.Sums(damping, ledger_);
  if (!point.ok()) return point.status();
  if (scored_.empty()) ledger_.Charge(sweep.preparation());
  if (scored_.insert(damping).second) ledger_.Charge((*point)->cost);
  // On all subsets of the block: two of them may agree up to rounding by chance.
  const std::vector<int64_t>& all = sources_.block.subsets;
  const at::Tensor tests = at::tensor(sources_.block.tests, at::kLong);
  if (const absl::Status status =
          CheckColumnsVary((*point)
                               ->subset_scores.index_select(0, at::tensor(all, at::kLong))
                               .index_select(1, tests),
                           "summed scores", sources_.block.tests);
      !status.ok()) {
    return status;
  }
  const at::Tensor subsets =
      at::tensor(std::vector<int64_t>(all.begin(), all.begin() + num_subsets), at::kLong);
  const auto of_block = [&](const at::Tensor& values) {
    return values.index_select(0, subsets).index_select(1, tests);
  };
  return MeanLds(of_block((*point)->subset_scores),
                 of_block(sources_.truth.negative_loss.select(1, 0)));
}

absl::StatusOr<SpectralMoments> TuningProblem::Moments(const std::vector<Damping>& dampings) {
  const CostLedger::Phase phase(ledger_, kPhase);
  const absl::StatusOr<const DampingSweep::MomentsPoint*> point =
      LookAtDampings().Moments(dampings, ledger_);
  if (!point.ok()) return point.status();
  ledger_.Charge((*point)->cost);
  const SpectralMoments& all = (*point)->moments;
  const at::Tensor tests = at::tensor(sources_.block.tests, at::kLong);
  return SpectralMoments{all.t1.index_select(1, tests), all.t2.index_select(1, tests),
                         all.t3.index_select(1, tests)};
}

absl::StatusOr<at::Tensor> TuningProblem::SubsetScores(const std::vector<Damping>& dampings,
                                                       const at::Tensor& subsets) {
  const CostLedger::Phase phase(ledger_, kPhase);
  const auto scorer = LookAtDampings().fitted().ScoreSubsets(subsets, ledger_);
  if (!scorer.ok()) return scorer.status();
  const at::Tensor tests = at::tensor(sources_.block.tests, at::kLong);
  std::vector<at::Tensor> sums;
  for (const Damping& damping : dampings) {
    const absl::StatusOr<at::Tensor> all = (*scorer)->Sums(damping, ledger_);
    if (!all.ok()) return all.status();
    sums.push_back(all->index_select(1, tests));
  }
  return at::stack(sums);
}

absl::StatusOr<AttributionTask> TuningProblem::Task() const {
  if (sources_.task == nullptr) {
    return absl::FailedPreconditionError("this tuning problem has no task to fit a method to");
  }
  AttributionTask task = *sources_.task;
  task.test = task.test.Rows(at::tensor(sources_.block.tests, at::kLong));
  task.checkpoint = [trained = trained_, &ledger = ledger_, whole = *sources_.task](
                        CheckpointKind kind, int64_t index) {
    absl::StatusOr<Parameters> parameters = whole.checkpoint(kind, index);
    // Checkpoints along a run lie on the way to its end, which is number 0.
    const bool on_the_way = kind == CheckpointKind::kAlongRun && index > 0;
    if (parameters.ok() && !on_the_way && trained->insert({kind, index}).second) {
      ledger.Charge(kPhase, whole.training_cost(kind));
    }
    return parameters;
  };
  task.training_cost = [](CheckpointKind) { return Cost(); };
  return task;
}

absl::StatusOr<std::unique_ptr<FittedAttribution>> TuningProblem::Fit(const AttributionTask& task) {
  const CostLedger::Phase phase(ledger_, kPhase);
  if (!sources_.fit) {
    return absl::FailedPreconditionError("this tuning problem has no method to fit");
  }
  CostLedger own;
  absl::StatusOr<std::unique_ptr<FittedAttribution>> fitted = absl::UnknownError("");
  {
    const CostLedger::Pause pause(ledger_);
    const CostLedger::Phase fit(own, "fit");
    fitted = sources_.fit(task, own);
  }
  ledger_.Charge(own.Total());
  return fitted;
}

absl::StatusOr<CheckpointOutputs> TuningProblem::OutputsOf(const CheckpointId& id,
                                                           const AttributionTask& task) {
  if (!task.trained_on) {
    return absl::FailedPreconditionError("this task does not say what its checkpoints saw");
  }
  const absl::StatusOr<Parameters> parameters = task.checkpoint(id.first, id.second);
  if (!parameters.ok()) return parameters.status();
  absl::StatusOr<at::Tensor> trained_on = task.trained_on(id.first, id.second);
  if (!trained_on.ok()) return trained_on.status();
  Cost cost;
  const auto outputs = [&](const Dataset& dataset) {
    cost.flops += static_cast<double>(dataset.size()) * task.model->ForwardFlops();
    return OutputsOfLogits(EvaluateLogits(*task.model, *parameters, dataset.inputs), dataset.labels)
        .negative_loss;
  };
  CheckpointOutputs result{id, *std::move(trained_on), outputs(task.train), outputs(task.test)};
  ledger_.Charge(cost);
  return result;
}

absl::StatusOr<std::vector<CheckpointOutputs>> TuningProblem::Checkpoints() {
  const CostLedger::Phase phase(ledger_, kPhase);
  const absl::StatusOr<AttributionTask> task = Task();
  if (!task.ok()) return task.status();
  std::vector<CheckpointOutputs> all;
  for (const CheckpointId& id : sources_.checkpoints_read) {
    absl::StatusOr<CheckpointOutputs> outputs = OutputsOf(id, *task);
    if (!outputs.ok()) return outputs.status();
    all.push_back(*std::move(outputs));
  }
  return all;
}

}  // namespace attribench
