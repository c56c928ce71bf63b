// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/replayed_tuning_problem.h"

#include <algorithm>
#include <cmath>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "evaluators/tuners/held_out_split.h"

namespace attribench {
namespace {

constexpr char kPhase[] = "tuning";

// The damping alone, with its grid.
Hyperparameters DampingAlone(const TuningRecord& record) {
  HyperparameterSpace space;
  Hyperparameter& damping = *space.add_hyperparameters();
  damping.set_name("damping");
  damping.set_kind(Hyperparameter::DAMPING);
  damping.set_damping_unit(record.default_damping.unit);
  // 17 digits give the same number back.
  damping.set_default_value(absl::StrFormat("%.17g", record.default_damping.value));
  for (const std::string& name : record.default_tuners) damping.add_default_tuners(name);
  for (const Damping& point : record.grid) {
    damping.add_grid(absl::StrFormat("%.17g", point.value));
  }
  return *Hyperparameters::Make(space, {});
}

absl::Status NoModel(absl::string_view call) {
  return absl::UnimplementedError(absl::StrCat("a replay has no model; ", call,
                                               " needs one: run this tuner with //benchmarks:run"));
}

}  // namespace

ReplayedTuningProblem::ReplayedTuningProblem(const TuningRecord& record, CostLedger& ledger)
    : record_(record), ledger_(ledger), hyperparameters_(DampingAlone(record)) {}

void ReplayedTuningProblem::LookAtDampings() {
  if (!looked_at_dampings_) ledger_.Charge(record_.many_dampings);
  looked_at_dampings_ = true;
}

absl::StatusOr<size_t> ReplayedTuningProblem::Place(const Damping& damping) const {
  const size_t place = PlaceInGrid(record_.grid, damping);
  if (place < record_.grid.size()) return place;
  return absl::UnimplementedError(
      absl::StrCat("damping ", ToString(damping), " is not recorded for ", record_.method,
                   ": a replay has the ", record_.grid.size(), " points of its grid, from ",
                   ToString(record_.grid.front()), " to ", ToString(record_.grid.back())));
}

absl::StatusOr<double> ReplayedTuningProblem::Lds(const Damping& damping, int64_t num_subsets) {
  const CostLedger::Phase phase(ledger_, kPhase);
  if (num_subsets < 2 || num_subsets > this->num_subsets()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tuning on ", num_subsets, " retrained subsets, must be from 2 to ", this->num_subsets()));
  }
  const absl::StatusOr<size_t> place = Place(damping);
  if (!place.ok()) return place.status();
  if (num_subsets > retrained_) {
    ledger_.Charge(record_.retraining * static_cast<double>(num_subsets - retrained_));
    retrained_ = num_subsets;
  }
  LookAtDampings();
  const RecordedSums& sums = record_.sums[*place];
  if (!sums.exist.ok()) return sums.exist;
  if (scored_.empty()) ledger_.Charge(record_.preparation);
  if (scored_.insert(*place).second) ledger_.Charge(sums.cost);
  if (!sums.tuning.ok()) return sums.tuning;
  const double lds =
      record_.lds_by_subsets[static_cast<int64_t>(*place)][num_subsets - 2].item<double>();
  if (!std::isnan(lds)) return lds;
  return absl::DataLossError(absl::StrCat("the sums of scores at damping ", ToString(damping),
                                          " have no LDS on ", num_subsets, " subsets"));
}

absl::StatusOr<SpectralMoments> ReplayedTuningProblem::Moments(
    const std::vector<Damping>& dampings) {
  const CostLedger::Phase phase(ledger_, kPhase);
  const RecordedMoments& moments = record_.moments;
  std::vector<int64_t> rows;
  for (const Damping& damping : dampings) {
    const absl::StatusOr<size_t> place = Place(damping);
    if (!place.ok()) return place.status();
    if (*place < moments.first) {
      return absl::UnimplementedError(absl::StrCat(
          "the record of ", record_.method, " has no moments at damping ", ToString(damping)));
    }
    rows.push_back(static_cast<int64_t>(*place - moments.first));
  }
  LookAtDampings();
  const bool is_alone = rows.size() == 1 && !moments.alone.empty();
  const absl::Status& status = is_alone ? moments.alone[rows[0]] : moments.together;
  if (!status.ok()) return status;
  ledger_.Charge(is_alone ? moments.alone_costs[rows[0]] : moments.cost);
  const at::Tensor index = at::tensor(rows, at::kLong);
  return SpectralMoments{moments.values.t1.index_select(0, index),
                         moments.values.t2.index_select(0, index),
                         moments.values.t3.index_select(0, index)};
}

absl::StatusOr<at::Tensor> ReplayedTuningProblem::CurveOf(const std::string& name,
                                                          const std::vector<Damping>& dampings) {
  const CostLedger::Phase phase(ledger_, kPhase);
  const auto found = record_.curves.find(name);
  if (found == record_.curves.end()) {
    return absl::UnimplementedError(
        absl::StrCat("the curve '", name, "' is not recorded for the method"));
  }
  const RecordedCurve& curve = found->second;
  if (!std::equal(dampings.begin(), dampings.end(), record_.grid.begin() + curve.first,
                  record_.grid.end())) {
    return absl::UnimplementedError(
        absl::StrCat("the record of ", record_.method, " has the curve '", name, "' over the ",
                     record_.grid.size() - curve.first, " dampings of its grid from ",
                     ToString(record_.grid[curve.first]), " on; it cannot give it over ",
                     dampings.size(), " others"));
  }
  if (!curve.values.ok()) return curve.values.status();
  if (curve.looked_at_dampings) LookAtDampings();
  ledger_.Charge(curve.cost);
  return curve.values;
}

absl::StatusOr<at::Tensor> ReplayedTuningProblem::HeldOut(const std::vector<Damping>& dampings,
                                                          double fraction) {
  return CurveOf(HeldOutCurveName(fraction), dampings);
}

namespace {

absl::StatusOr<std::vector<double>> Values(const absl::StatusOr<at::Tensor>& curve) {
  if (!curve.ok()) return curve.status();
  const at::Tensor values = curve->contiguous();
  return std::vector<double>(values.data_ptr<double>(), values.data_ptr<double>() + values.numel());
}

}  // namespace

absl::StatusOr<std::vector<double>> ReplayedTuningProblem::OutOfBag(
    const std::vector<Damping>& dampings, int64_t num_models) {
  return Values(CurveOf(absl::StrCat("out_of_bag ", num_models), dampings));
}

absl::StatusOr<std::vector<double>> ReplayedTuningProblem::OneRetraining(
    const std::vector<Damping>& dampings) {
  return Values(CurveOf("one_retraining", dampings));
}

absl::StatusOr<at::Tensor> ReplayedTuningProblem::SubsetScores(const std::vector<Damping>&,
                                                               const at::Tensor&) {
  return NoModel("SubsetScores");
}

absl::StatusOr<AttributionTask> ReplayedTuningProblem::Task() const { return NoModel("Task"); }

absl::StatusOr<std::unique_ptr<FittedAttribution>> ReplayedTuningProblem::Fit(
    const AttributionTask&) {
  return NoModel("Fit");
}

absl::StatusOr<std::vector<CheckpointOutputs>> ReplayedTuningProblem::Checkpoints() {
  return NoModel("Checkpoints");
}

}  // namespace attribench
