// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/live_tuning_problem.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/models/model_outputs.h"
#include "datasets/random_stream.h"
#include "evaluators/metrics/linear_datamodeling_score.h"
#include "evaluators/statistics/column_correlations.h"
#include "evaluators/tuners/held_out_split.h"
#include "evaluators/tuners/out_of_bag.h"
#include "evaluators/tuners/reference_attribution.h"
#include "methods/curvature/held_out_criterion.h"
#include "methods/device.h"
#include "methods/fit_on_device.h"
#include "methods/hyperparameters.h"

namespace attribench {
namespace {

constexpr char kPhase[] = "tuning";
// Training examples as targets, where each takes a column of scores.
constexpr int64_t kSampledTargets = 250;
// Half-data models that tuners train for the purpose, at most.
constexpr int64_t kHalves = 5;
constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

absl::StatusOr<std::vector<double>> Values(const absl::StatusOr<at::Tensor>& curve) {
  if (!curve.ok()) return curve.status();
  const double* data = curve->data_ptr<double>();
  return std::vector<double>(data, data + curve->numel());
}

}  // namespace

LiveTuningProblem::LiveTuningProblem(TuningSources sources, CostLedger& ledger)
    : sources_(std::move(sources)),
      ledger_(ledger),
      trained_(std::make_shared<std::set<CheckpointId>>(sources_.checkpoints_read.begin(),
                                                        sources_.checkpoints_read.end())) {}

DampingSweep& LiveTuningProblem::LookAtDampings() {
  if (!looked_at_dampings_) ledger_.Charge(sources_.sweep.many_dampings());
  looked_at_dampings_ = true;
  return sources_.sweep;
}

absl::StatusOr<at::Tensor> LiveTuningProblem::SumsAt(const Damping& damping) {
  DampingSweep& sweep = LookAtDampings();
  const absl::StatusOr<const DampingSweep::Point*> point = sweep.Sums(damping, ledger_);
  if (!point.ok()) return point.status();
  if (scored_.empty()) ledger_.Charge(sweep.preparation());
  if (scored_.insert(damping).second) ledger_.Charge((*point)->cost);
  return (*point)->subset_scores;
}

absl::StatusOr<double> LiveTuningProblem::Lds(const Damping& damping, int64_t num_subsets) {
  const CostLedger::Phase phase(ledger_, kPhase);
  if (num_subsets < 2 || num_subsets > this->num_subsets()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tuning on ", num_subsets, " retrained subsets, must be from 2 to ", this->num_subsets()));
  }
  if (num_subsets > retrained_) {
    ledger_.Charge(sources_.retraining * static_cast<double>(num_subsets - retrained_));
    retrained_ = num_subsets;
  }
  const absl::StatusOr<at::Tensor> sums = SumsAt(damping);
  if (!sums.ok()) return sums.status();
  // On all subsets of the block: two of them may agree up to rounding by chance.
  const std::vector<int64_t>& all = sources_.block.subsets;
  const at::Tensor tests = at::tensor(sources_.block.tests, at::kLong);
  if (const absl::Status status =
          CheckColumnsVary(sums->index_select(0, at::tensor(all, at::kLong)).index_select(1, tests),
                           "summed scores", sources_.block.tests);
      !status.ok()) {
    return status;
  }
  const at::Tensor subsets =
      at::tensor(std::vector<int64_t>(all.begin(), all.begin() + num_subsets), at::kLong);
  const auto of_block = [&](const at::Tensor& values) {
    return values.index_select(0, subsets).index_select(1, tests);
  };
  return MeanLds(of_block(*sums), of_block(sources_.truth.negative_loss.select(1, 0)));
}

absl::StatusOr<SpectralMoments> LiveTuningProblem::Moments(const std::vector<Damping>& dampings) {
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

absl::StatusOr<at::Tensor> LiveTuningProblem::SubsetScores(const std::vector<Damping>& dampings,
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

absl::StatusOr<AttributionTask> LiveTuningProblem::Task() const {
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

absl::StatusOr<std::unique_ptr<FittedAttribution>> LiveTuningProblem::Fit(
    const AttributionTask& task) {
  return FitWith(task, sources_.hyperparameters);
}

absl::StatusOr<std::unique_ptr<FittedAttribution>> LiveTuningProblem::FitWith(
    const AttributionTask& task, const Hyperparameters& values) {
  const CostLedger::Phase phase(ledger_, kPhase);
  if (!sources_.fit) {
    return absl::FailedPreconditionError("this tuning problem has no method to fit");
  }
  CostLedger own;
  absl::StatusOr<std::unique_ptr<FittedAttribution>> fitted = absl::UnknownError("");
  {
    const CostLedger::Pause pause(ledger_);
    const CostLedger::Phase fit(own, "fit");
    fitted = sources_.fit(task, values, own);
  }
  ledger_.Charge(own.Total());
  return fitted;
}

absl::StatusOr<std::unique_ptr<FittedAttribution>> LiveTuningProblem::FitOneCheckpoint(
    AttributionTask task, const CheckpointId& id) {
  task.checkpoint = [checkpoint = task.checkpoint, id](CheckpointKind, int64_t) {
    return checkpoint(id.first, id.second);
  };
  const std::string& count = sources_.facts.checkpoint_count();
  if (count.empty()) return Fit(task);
  const absl::StatusOr<Hyperparameters> one = sources_.hyperparameters.With(count, "1");
  return one.ok() ? FitWith(task, *one) : one.status();
}

absl::StatusOr<CheckpointOutputs> LiveTuningProblem::OutputsOf(const CheckpointId& id,
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
    const DeviceTime time(task.device, ledger_);
    const at::Tensor logits = EvaluateLogits(*task.model, OnDevice(*parameters, task.device),
                                             dataset.inputs.to(task.device));
    return OutputsOfLogits(logits.cpu(), dataset.labels).negative_loss;
  };
  CheckpointOutputs result{id, *std::move(trained_on), outputs(task.train), outputs(task.test)};
  ledger_.Charge(cost);
  return result;
}

absl::StatusOr<std::vector<CheckpointOutputs>> LiveTuningProblem::Checkpoints() {
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

LiveTuningProblem::Curve LiveTuningProblem::CurveOf(
    const std::string& name, const std::vector<Damping>& dampings,
    const std::function<Curve(LiveTuningProblem&)>& compute) {
  const CostLedger::Phase phase(ledger_, kPhase);
  TuningCurves not_shared;
  auto& curves = (sources_.curves != nullptr ? *sources_.curves : not_shared).curves;
  const TuningCurves::Key key{name, dampings};
  auto found = curves.find(key);
  if (found == curves.end()) {
    const CostLedger::Pause pause(ledger_);
    CostLedger own;
    LiveTuningProblem alone(sources_, own);
    Curve values = absl::UnknownError("");
    {
      const CostLedger::Phase computing(own, kPhase);
      values = compute(alone);
    }
    absl::StatusOr<TuningCurve> curve = absl::UnknownError("");
    if (values.ok()) {
      curve = TuningCurve{*values, own.Total(), alone.looked_at_dampings_};
      if (curve->looked_at_dampings) curve->cost += sources_.sweep.many_dampings() * -1;
    } else {
      curve = values.status();
    }
    found = curves.emplace(key, std::move(curve)).first;
  }
  if (!found->second.ok()) return found->second.status();
  if (found->second->looked_at_dampings) LookAtDampings();
  ledger_.Charge(found->second->cost);
  return found->second->values;
}

absl::StatusOr<at::Tensor> LiveTuningProblem::HeldOut(const std::vector<Damping>& dampings,
                                                      double fraction) {
  return CurveOf(HeldOutCurveName(fraction), dampings, [&](LiveTuningProblem& alone) {
    return alone.ComputeHeldOut(dampings, fraction);
  });
}

LiveTuningProblem::Curve LiveTuningProblem::ComputeHeldOut(const std::vector<Damping>& dampings,
                                                           double fraction) {
  if (fraction == 0) fraction = kHeldOutFraction;
  const at::Tensor tests = at::tensor(sources_.block.tests, at::kLong);
  const auto num_models = static_cast<int64_t>(sources_.checkpoints_read.size());
  const Curve own = HeldOutOf(sources_.sweep.fitted(), num_models, tests, dampings, fraction);
  if (absl::IsUnimplemented(own.status())) return AgreementWithReference(dampings, fraction);
  return own;
}

LiveTuningProblem::Curve LiveTuningProblem::HeldOutOf(FittedAttribution& fitted, int64_t num_models,
                                                      const at::Tensor& tests,
                                                      const std::vector<Damping>& dampings,
                                                      double fraction) {
  for (const Damping& damping : dampings) {
    if (damping.unit == ABSOLUTE) {
      return absl::UnimplementedError("J needs a damping that is relative to the spectrum");
    }
  }
  const int64_t n = sources_.truth.subsets.size(1);
  const int64_t models_of_draw = std::min<int64_t>(2, std::max<int64_t>(1, num_models));
  at::Tensor sum;
  for (int64_t draw = 0; draw < kHeldOutDraws; ++draw) {
    absl::StatusOr<HeldOutSplit> split =
        DrawHeldOutSplit(n, fraction, NumHeldOut(n, fraction), static_cast<uint64_t>(draw));
    if (!split.ok()) return split.status();
    split->tests = tests;
    std::vector<HeldOutPredictions> members;
    for (int64_t i = 0; i < models_of_draw; ++i) {
      split->checkpoint = models_of_draw * draw + i;
      auto member = fitted.PredictHeldOut(*split, dampings, ledger_);
      if (!member.ok()) return member.status();
      members.push_back(*std::move(member));
    }
    const at::Tensor criterion = HeldOutCriterion(members, num_models);
    sum = sum.defined() ? sum.add(criterion) : criterion;
  }
  return sum.div(kHeldOutDraws);
}

LiveTuningProblem::Curve LiveTuningProblem::AgreementWithReference(
    const std::vector<Damping>& dampings, double fraction) {
  const absl::StatusOr<AttributionTask> task = Task();
  if (!task.ok()) return task.status();
  if (sources_.checkpoints_read.empty()) {
    return absl::UnimplementedError("the method has no features and reads no checkpoint");
  }
  const auto reference = FitReference(*task, sources_.checkpoints_read.front(), ledger_);
  if (!reference.ok()) return reference.status();
  const std::vector<Damping> grid = RelativeDampingGrid();
  const Curve criterion = HeldOutOf(**reference, 1, {}, grid, fraction);
  if (!criterion.ok()) return criterion.status();
  const at::Tensor mean = criterion->mean(1).nan_to_num(-std::numeric_limits<double>::infinity());
  const Damping& best = grid[mean.argmax().item<int64_t>()];

  const at::Tensor subsets = at::tensor(sources_.block.subsets, at::kLong);
  const at::Tensor tests = at::tensor(sources_.block.tests, at::kLong);
  const absl::StatusOr<at::Tensor> scores = (*reference)->Scores(best, ledger_);
  if (!scores.ok()) return scores.status();
  const at::Tensor members = sources_.truth.subsets.index_select(0, subsets).to(at::kDouble);
  const at::Tensor expected = at::matmul(members, scores->to(at::kDouble));
  Cost cost;
  cost.flops = 2.0 * members.numel() * scores->size(1);
  ledger_.Charge(cost);
  std::vector<at::Tensor> agreement;
  for (const Damping& damping : dampings) {
    const absl::StatusOr<at::Tensor> sums = SumsAt(damping);
    const absl::StatusOr<std::vector<double>> values =
        sums.ok() ? LdsPerTest(sums->index_select(0, subsets).index_select(1, tests), expected)
                  : sums.status();
    agreement.push_back(values.ok() ? at::tensor(*values, at::kDouble)
                                    : at::full({tests.size(0)}, kNoValue, at::kDouble));
  }
  return at::stack(agreement);
}

struct LiveTuningProblem::TargetSums {
  at::Tensor targets;  // numbers of training examples, int64
  // [checkpoints, subsets, targets], one a damping; undefined where the method has no scores
  std::vector<TrainingTargetSums> sums;
};

absl::StatusOr<LiveTuningProblem::TargetSums> LiveTuningProblem::SumsForTargets(
    const CheckpointId* member, const std::vector<Damping>& dampings, const at::Tensor& subsets) {
  absl::StatusOr<AttributionTask> task = Task();
  if (!task.ok()) return task.status();
  const int64_t n = task->train.size();
  TargetSums result;
  result.targets = at::tensor(
      RandomStream(1, "out of bag").Sample(n, std::min<int64_t>(n, kSampledTargets)), at::kLong);
  task->test = task->train.Rows(result.targets);
  std::unique_ptr<FittedAttribution> refitted;
  const auto refit = [&]() -> absl::Status {
    absl::StatusOr<std::unique_ptr<FittedAttribution>> fitted =
        member != nullptr ? FitOneCheckpoint(*task, *member) : Fit(*task);
    if (fitted.ok()) refitted = *std::move(fitted);
    return fitted.status();
  };
  if (member != nullptr) {
    if (const absl::Status status = refit(); !status.ok()) return status;
  }
  FittedAttribution& fitted = member != nullptr ? *refitted : LookAtDampings().fitted();
  const auto scorer = fitted.ScoreTrainingTargets(subsets, ledger_);
  if (scorer.ok()) {
    result.targets = at::arange(n, at::kLong);
    for (const Damping& damping : dampings) {
      auto sums = (*scorer)->Sums(damping, ledger_);
      result.sums.push_back(sums.ok() ? *std::move(sums) : TrainingTargetSums());
    }
    return result;
  }
  if (!absl::IsUnimplemented(scorer.status())) return scorer.status();
  if (refitted == nullptr) {
    if (const absl::Status status = refit(); !status.ok()) return status;
  }
  // Each target as a subset of its own gives its score for itself: only these few sums are needed,
  // not the scores of all training examples.
  const at::Tensor alone = at::one_hot(result.targets, n).to(at::kBool);
  const auto sums = refitted->ScoreSubsets(at::cat({subsets, alone}), ledger_);
  if (!sums.ok()) return sums.status();
  for (const Damping& damping : dampings) {
    const absl::StatusOr<at::Tensor> all = (*sums)->Sums(damping, ledger_);
    if (!all.ok()) {
      result.sums.emplace_back();
      continue;
    }
    const int64_t h = subsets.size(0);
    result.sums.push_back(
        {all->slice(0, 0, h).unsqueeze(0), all->slice(0, h).diagonal().unsqueeze(0)});
  }
  return result;
}

absl::StatusOr<std::vector<double>> LiveTuningProblem::OutOfBag(
    const std::vector<Damping>& dampings, int64_t num_models) {
  return Values(CurveOf(
      absl::StrCat("out_of_bag ", num_models), dampings,
      [&](LiveTuningProblem& alone) { return alone.ComputeOutOfBag(dampings, num_models); }));
}

LiveTuningProblem::Curve LiveTuningProblem::ComputeOutOfBag(const std::vector<Damping>& dampings,
                                                            int64_t num_models) {
  const absl::StatusOr<AttributionTask> task = Task();
  if (!task.ok()) return task.status();
  const bool is_own = num_models == 0;
  std::vector<CheckpointId> models = sources_.checkpoints_read;
  if (!is_own) {
    models.clear();
    for (int64_t m = 0; m < num_models; ++m) models.push_back({CheckpointKind::kHalfData, m});
  }
  const bool all_half = std::all_of(models.begin(), models.end(), [](const CheckpointId& id) {
    return id.first == CheckpointKind::kHalfData;
  });
  if (!all_half || models.size() < 2) {
    return absl::UnimplementedError(
        absl::StrCat("the method reads ", models.size(), " checkpoint(s)",
                     all_half ? "" : " of full-data training",
                     "; out-of-bag needs two or more half-data models"));
  }
  std::vector<at::Tensor> saw, outputs;
  for (const CheckpointId& id : models) {
    const absl::StatusOr<CheckpointOutputs> of_model = OutputsOf(id, *task);
    if (!of_model.ok()) return of_model.status();
    saw.push_back(of_model->trained_on);
    outputs.push_back(of_model->train_outputs);
  }
  const at::Tensor all_outputs = at::stack(outputs);

  at::Tensor targets;
  std::vector<std::vector<at::Tensor>> predicted(dampings.size());  // [., halves, targets]
  const at::Tensor own_halves = at::stack(saw);
  if (is_own && LookAtDampings().fitted().ScoreTrainingTargets(own_halves, ledger_).ok()) {
    const auto sums = SumsForTargets(nullptr, dampings, own_halves);
    if (!sums.ok()) return sums.status();
    targets = sums->targets;
    for (size_t d = 0; d < dampings.size(); ++d) {
      if (!sums->sums[d].sums.defined()) continue;
      predicted[d].push_back(WithoutOwnScores(sums->sums[d], own_halves.index_select(1, targets)));
    }
  } else {
    // A member says at once what it has to say of all halves that a tuner of this method may ask
    // for.
    std::vector<int64_t> numbers;
    for (const CheckpointId& id : models) numbers.push_back(id.second);
    const int64_t last = std::max(*std::max_element(numbers.begin(), numbers.end()) + 1, kHalves);
    std::vector<at::Tensor> halves;
    for (int64_t m = 0; m < last; ++m) {
      const auto half = task->trained_on(CheckpointKind::kHalfData, m);
      if (!half.ok()) break;
      halves.push_back(*half);
    }
    const at::Tensor rows = at::tensor(numbers, at::kLong);
    for (const CheckpointId& id : models) {
      const auto member = MemberOf(id, dampings, at::stack(halves));
      if (!member.ok()) return member.status();
      targets = member->targets;
      for (size_t d = 0; d < dampings.size(); ++d) {
        if (!member->predictions[d].defined()) continue;
        predicted[d].push_back(member->predictions[d].index_select(0, rows).unsqueeze(0));
      }
    }
  }
  std::vector<double> values;
  for (size_t d = 0; d < dampings.size(); ++d) {
    absl::StatusOr<double> lds = absl::UnknownError("no scores");
    const at::Tensor all = predicted[d].empty() ? at::Tensor() : at::cat(predicted[d]);
    if (all.defined() && all.size(0) == static_cast<int64_t>(models.size())) {
      lds = OutOfBagLds(all, all_outputs.index_select(1, targets));
    }
    values.push_back(lds.ok() ? *lds : kNoValue);
  }
  return at::tensor(values, at::kDouble);
}

absl::StatusOr<TuningCurves::Member> LiveTuningProblem::MemberOf(
    const CheckpointId& id, const std::vector<Damping>& dampings, const at::Tensor& halves) {
  TuningCurves not_shared;
  auto& members = (sources_.curves != nullptr ? *sources_.curves : not_shared).members;
  const TuningCurves::MemberKey key{id, dampings};
  auto found = members.find(key);
  if (found == members.end()) {
    const CostLedger::Pause pause(ledger_);
    CostLedger own;
    LiveTuningProblem alone(sources_, own);
    alone.trained_ = trained_;  // whoever asks has paid for the training
    absl::StatusOr<TargetSums> sums = absl::UnknownError("");
    {
      const CostLedger::Phase computing(own, kPhase);
      sums = alone.SumsForTargets(&id, dampings, halves);
    }
    absl::StatusOr<TuningCurves::Member> member = absl::UnknownError("");
    if (sums.ok()) {
      member = TuningCurves::Member{sums->targets, {}, own.Total()};
      for (const TrainingTargetSums& at_damping : sums->sums) {
        member->predictions.push_back(
            at_damping.sums.defined()
                ? WithoutOwnScores(at_damping, halves.index_select(1, sums->targets)).squeeze(0)
                : at::Tensor());
      }
    } else {
      member = sums.status();
    }
    found = members.emplace(key, std::move(member)).first;
  }
  if (!found->second.ok()) return found->second.status();
  ledger_.Charge(found->second->cost);
  return *found->second;
}

absl::StatusOr<std::vector<double>> LiveTuningProblem::OneRetraining(
    const std::vector<Damping>& dampings) {
  return Values(CurveOf("one_retraining", dampings, [&](LiveTuningProblem& alone) {
    return alone.ComputeOneRetraining(dampings);
  }));
}

LiveTuningProblem::Curve LiveTuningProblem::ComputeOneRetraining(
    const std::vector<Damping>& dampings) {
  const absl::StatusOr<AttributionTask> task = Task();
  if (!task.ok()) return task.status();
  // What the method's own checkpoints saw, and their outputs: means over them.
  const absl::StatusOr<std::vector<CheckpointOutputs>> own = Checkpoints();
  if (!own.ok()) return own.status();
  // The first half-data model that the method did not read.
  CheckpointId other{CheckpointKind::kHalfData, 0};
  while (std::count(sources_.checkpoints_read.begin(), sources_.checkpoints_read.end(), other) >
         0) {
    ++other.second;
  }
  const absl::StatusOr<CheckpointOutputs> half = OutputsOf(other, *task);
  if (!half.ok()) return half.status();
  const auto count = static_cast<double>(own->size());
  at::Tensor change = half->train_outputs.clone();
  std::vector<at::Tensor> saw = {half->trained_on};
  for (const CheckpointOutputs& checkpoint : *own) {
    change.sub_(checkpoint.train_outputs, 1 / count);
    saw.push_back(checkpoint.trained_on);
  }
  const auto sums = SumsForTargets(nullptr, dampings, at::stack(saw));
  if (!sums.ok()) return sums.status();
  std::vector<double> values;
  for (const TrainingTargetSums& at_damping : sums->sums) {
    if (!at_damping.sums.defined()) {
      values.push_back(kNoValue);
      continue;
    }
    const at::Tensor mean = at_damping.sums.mean(0);  // [half, own ...; targets]
    const at::Tensor predicted = mean[0].sub(mean.slice(0, 1).mean(0));
    const absl::StatusOr<double> correlation =
        ChangeCorrelation(predicted, change.index_select(0, sums->targets),
                          half->trained_on.index_select(0, sums->targets).logical_not());
    values.push_back(correlation.ok() ? *correlation : kNoValue);
  }
  return at::tensor(values, at::kDouble);
}

}  // namespace attribench
