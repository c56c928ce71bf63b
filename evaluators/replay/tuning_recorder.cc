// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/tuning_recorder.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/exception_status.h"
#include "evaluators/metrics/linear_datamodeling_score.h"
#include "evaluators/statistics/column_correlations.h"
#include "evaluators/tuners/held_out_split.h"

namespace attribench {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

template <typename T>
int64_t Size(const std::vector<T>& values) {
  return static_cast<int64_t>(values.size());
}

at::Tensor OfBlock(const at::Tensor& sums, const EvaluationBlock& block) {
  return sums.index_select(0, at::tensor(block.subsets, at::kLong))
      .index_select(1, at::tensor(block.tests, at::kLong));
}

RecordedBlock NoLds(int64_t num_dampings, const EvaluationBlock& block) {
  return {at::full({num_dampings, Size(block.tests)}, kNone, at::kDouble),
          at::full({num_dampings, Size(block.subsets)}, kNone, at::kDouble)};
}

absl::Status MeasureBlock(const Metric& lds, const at::Tensor& sums, int64_t row,
                          RecordedBlock& block) {
  const absl::StatusOr<Measurement> measured = lds.Measure({sums, /*scores=*/nullptr});
  if (!measured.ok()) return measured.status();
  block.lds[row] = at::tensor(measured->per_unit, at::kDouble);
  block.effects[row] = at::tensor(measured->per_subset, at::kDouble);
  return absl::OkStatus();
}

// What TuningProblem::Lds says of 2, 3, ... subsets, NaN where it fails.
std::vector<double> LdsBySubsets(const at::Tensor& sums, const TuningSources& sources) {
  const at::Tensor seen = OfBlock(sums, sources.block);
  const at::Tensor outputs = OfBlock(sources.truth.negative_loss.select(1, 0), sources.block);
  std::vector<double> lds;
  for (int64_t m = 2; m <= seen.size(0); ++m) {
    lds.push_back(MeanLds(seen.slice(0, 0, m), outputs.slice(0, 0, m)).value_or(kNone));
  }
  return lds;
}

void RecordSums(const TuningSources& sources, const EvaluationBlocks& blocks,
                TuningRecord& record) {
  const int64_t d = Size(record.grid);
  record.lds_by_subsets = at::full({d, Size(blocks.tuning.subsets) - 1}, kNone, at::kDouble);
  record.tuning = NoLds(d, blocks.tuning);
  record.reporting = NoLds(d, blocks.reporting);
  const auto tuning = MakeLdsMetric("lds", sources.truth.negative_loss, blocks.tuning),
             reporting = MakeLdsMetric("lds", sources.truth.negative_loss, blocks.reporting);
  CostLedger nobody;
  for (int64_t i = 0; i < d; ++i) {
    const Damping& damping = record.grid[i];
    RecordedSums sums;
    const absl::StatusOr<const DampingSweep::Point*> point = sources.sweep.Sums(damping, nobody);
    sums.exist = point.status();
    if (point.ok()) {
      const at::Tensor& values = (*point)->subset_scores;
      sums.cost = (*point)->cost;
      sums.tuning =
          CheckColumnsVary(OfBlock(values, blocks.tuning), "summed scores", blocks.tuning.tests);
      if (sums.tuning.ok()) sums.tuning = MeasureBlock(*tuning, values, i, record.tuning);
      if (sums.tuning.ok()) record.lds_by_subsets[i] = at::tensor(LdsBySubsets(values, sources));
      sums.reporting = MeasureBlock(*reporting, values, i, record.reporting);
    }
    record.sums.push_back(std::move(sums));
    const absl::StatusOr<double> absolute = sources.sweep.fitted().AbsoluteDampingOf(damping);
    record.absolute_dampings.push_back(absolute.value_or(kNone));
  }
}

SpectralMoments AtTests(const SpectralMoments& moments, const EvaluationBlock& block) {
  const at::Tensor tests = at::tensor(block.tests, at::kLong);
  return {moments.t1.index_select(1, tests), moments.t2.index_select(1, tests),
          moments.t3.index_select(1, tests)};
}

void RecordMoments(const TuningSources& sources, const EvaluationBlock& block,
                   const std::vector<Damping>& positive, RecordedMoments& moments) {
  CostLedger nobody;
  moments.of = sources.sweep.fitted().MomentsOf();
  const auto together = sources.sweep.Moments(positive, nobody);
  moments.together = together.status();
  if (together.ok()) {
    moments.cost = (*together)->cost;
    moments.values = AtTests((*together)->moments, block);
  } else if (!absl::IsUnimplemented(together.status())) {
    const at::Tensor none =
        at::full({static_cast<int64_t>(positive.size()), static_cast<int64_t>(block.tests.size())},
                 kNone, at::kDouble);
    SpectralMoments values = {none.clone(), none.clone(), none.clone()};
    bool any = false;
    for (size_t i = 0; i < positive.size(); ++i) {
      const auto alone = sources.sweep.Moments({positive[i]}, nobody);
      moments.alone.push_back(alone.status());
      moments.alone_costs.push_back(alone.ok() ? (*alone)->cost : Cost());
      if (!alone.ok()) continue;
      any = true;
      const SpectralMoments row = AtTests((*alone)->moments, block);
      const auto d = static_cast<int64_t>(i);
      values.t1[d] = row.t1[0];
      values.t2[d] = row.t2[0];
      values.t3[d] = row.t3[0];
    }
    if (any) moments.values = values;
  }
}

// The held-out criterion at the recorded fractions goes into the store of curves.
void AskForFractions(const TuningSources& sources, const std::vector<Damping>& positive) {
  CostLedger nobody;
  // Two examples each are enough to see whether the method has features of its own.
  const int64_t n = sources.truth.subsets.size(1);
  const auto few = DrawHeldOutSplit(n, 2.0 / static_cast<double>(n), 2, 0);
  if (!few.ok()) return;
  const absl::Status own =
      sources.sweep.fitted().PredictHeldOut(*few, {positive.front()}, nobody).status();
  if (absl::IsUnimplemented(own)) return;
  for (const double fraction : kRecordedFractions) {
    LiveTuningProblem problem(sources, nobody);
    (void)problem.HeldOut(positive, fraction);  // a failure is a curve too
  }
}

// A method that is no ensemble of half-data models says so without computing anything.
void AskForOutOfBag(const TuningSources& sources, const std::vector<Damping>& grid) {
  CostLedger nobody;
  LiveTuningProblem problem(sources, nobody);
  (void)problem.OutOfBag(grid, /*num_models=*/0);
}

void RecordCurves(const TuningCurves& curves, size_t first_positive, TuningRecord& record) {
  for (const auto& [key, curve] : curves.curves) {
    for (const size_t first : {size_t{0}, first_positive}) {
      if (!std::equal(key.dampings.begin(), key.dampings.end(), record.grid.begin() + first,
                      record.grid.end())) {
        continue;
      }
      record.curves[key.name] =
          curve.ok() ? RecordedCurve{first, curve->values, curve->cost, curve->looked_at_dampings}
                     : RecordedCurve{first, curve.status(), Cost(), false};
      break;
    }
  }
}

}  // namespace

TuningRecord RecordTuning(std::string method, const TuningSources& sources,
                          const EvaluationBlocks& blocks, const Cost& scoring_correction) {
  TuningRecord record;
  record.method = std::move(method);
  record.default_damping = sources.hyperparameters.DefaultDamping();
  record.default_tuners = sources.hyperparameters.DefaultTuners();
  if (sources.task != nullptr) record.training_time = sources.task->training_time;
  record.grid = sources.hyperparameters.DampingGrid();
  record.retraining = sources.retraining;
  record.many_dampings = sources.sweep.many_dampings();
  record.preparation = sources.sweep.preparation();
  record.scoring_correction = scoring_correction;
  RecordSums(sources, blocks, record);
  const size_t first = std::find_if(record.grid.begin(), record.grid.end(),
                                    [](const Damping& damping) { return damping.value > 0; }) -
                       record.grid.begin();
  if (first == record.grid.size()) {
    record.moments.together = absl::UnimplementedError("no damping of the grid is above 0");
    return record;
  }
  const std::vector<Damping> positive(record.grid.begin() + first, record.grid.end());
  record.moments.first = first;
  RecordMoments(sources, blocks.tuning, positive, record.moments);
  try {
    AskForOutOfBag(sources, record.grid);
    AskForFractions(sources, positive);
  } catch (const std::exception&) {
    // A curve that throws is not recorded, and a replay says that it is not.
  }
  RecordCurves(*sources.curves, first, record);
  return record;
}

}  // namespace attribench
