// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/linear_datamodeling_score.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "evaluators/statistics/column_correlations.h"
#include "evaluators/statistics/noise_ceiling.h"
#include "evaluators/statistics/two_way_bootstrap.h"
#include "evaluators/statistics/two_way_jackknife.h"

namespace attribench {
namespace {

std::vector<double> CorrelationsOf(const std::vector<ResampledCorrelation>& columns,
                                   const std::vector<double>& counts) {
  std::vector<double> values;
  for (const ResampledCorrelation& column : columns) values.push_back(column.Correlation(counts));
  return values;
}

class LdsMetric : public Metric {
 public:
  LdsMetric(std::string name, const at::Tensor& outputs, const EvaluationBlock& block,
            CorrelationKind kind)
      : name_(std::move(name)),
        kind_(kind),
        test_numbers_(block.tests),
        subsets_(at::tensor(block.subsets, at::kLong)),
        tests_(at::tensor(block.tests, at::kLong)),
        outputs_per_seed_(outputs.index_select(0, subsets_).index_select(2, tests_)),
        outputs_(outputs_per_seed_.to(at::kDouble).mean(1)) {}

  std::string name() const override { return name_; }
  std::string unit() const override { return "test example"; }
  Direction direction() const override { return Direction::kHigherIsBetter; }

  std::optional<Estimate> Ceiling() const override {
    const absl::StatusOr<Estimate> ceiling = NoiseCeiling(outputs_per_seed_, kind_);
    return ceiling.ok() ? std::optional<Estimate>(*ceiling) : std::nullopt;
  }

  absl::StatusOr<Measurement> Measure(const MeasuredScores& scores) const override {
    if (const absl::Status status = CheckVary(scores); !status.ok()) return status;
    return LinearDatamodelingScore(Predicted(scores), outputs_, kind_);
  }

 private:
  absl::Status CheckVary(const MeasuredScores& scores) const {
    const absl::Status status = CheckColumnsVary(Predicted(scores), "summed scores", test_numbers_);
    return status.ok() ? CheckColumnsVary(outputs_, "retrained outputs", test_numbers_) : status;
  }

  at::Tensor Predicted(const MeasuredScores& scores) const {
    return scores.subset_scores.index_select(0, subsets_).index_select(1, tests_);
  }

  const std::string name_;
  const CorrelationKind kind_;
  const std::vector<int64_t> test_numbers_;
  const at::Tensor subsets_, tests_;
  const at::Tensor outputs_per_seed_;  // [m, s, t] of the block
  const at::Tensor outputs_;           // [m, t] float64
};

}  // namespace

absl::StatusOr<std::vector<double>> LdsPerTest(const at::Tensor& predicted,
                                               const at::Tensor& outputs) {
  const auto columns = CorrelateColumns(predicted, outputs);
  if (!columns.ok()) return columns.status();
  return CorrelationsOf(*columns, std::vector<double>(predicted.size(0), 1));
}

absl::StatusOr<double> MeanLds(const at::Tensor& predicted, const at::Tensor& outputs) {
  const absl::StatusOr<std::vector<double>> per_test = LdsPerTest(predicted, outputs);
  if (!per_test.ok()) return per_test.status();
  return std::accumulate(per_test->begin(), per_test->end(), 0.0) /
         static_cast<double>(per_test->size());
}

absl::StatusOr<Measurement> LinearDatamodelingScore(const at::Tensor& predicted,
                                                    const at::Tensor& outputs,
                                                    CorrelationKind kind) {
  const auto columns = CorrelateColumns(predicted, outputs, kind);
  if (!columns.ok()) return columns.status();
  const int64_t m = predicted.size(0);
  if (m < 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("LDS needs at least 3 subsets; the block has ", m));
  }
  std::vector<double> counts(m, 1);
  Measurement lds;
  lds.per_unit = CorrelationsOf(*columns, counts);
  std::vector<std::vector<double>> without;
  for (int64_t s = 0; s < m; ++s) {
    counts[s] = 0;
    without.push_back(CorrelationsOf(*columns, counts));
    counts[s] = 1;
  }
  JackknifedMean mean = TwoWayJackknife(lds.per_unit, without);
  const auto& bootstrap =
      TwoWayBootstrap::Of(static_cast<int>(m), static_cast<int>(columns->size()));
  const auto [low, high] = PercentileInterval(bootstrap.Deviations(mean.effects));
  lds.estimate.value = mean.value;
  lds.estimate.low = std::min(mean.value, std::clamp(mean.unbiased + low, -1.0, 1.0));
  lds.estimate.high = std::max(mean.value, std::clamp(mean.unbiased + high, -1.0, 1.0));
  lds.per_subset = std::move(mean.effects.subsets);
  return lds;
}

std::unique_ptr<Metric> MakeLdsMetric(std::string name, const at::Tensor& outputs,
                                      const EvaluationBlock& block, CorrelationKind kind) {
  return std::make_unique<LdsMetric>(std::move(name), outputs, block, kind);
}

}  // namespace attribench
