// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/linear_datamodeling_score.h"

#include <optional>
#include <string>
#include <utility>

#include "ATen/ATen.h"
#include "evaluators/statistics/column_correlations.h"
#include "evaluators/statistics/noise_ceiling.h"
#include "evaluators/statistics/two_way_bootstrap.h"

namespace attribench {
namespace {

std::vector<double> CorrelationsOf(const std::vector<ResampledSpearman>& columns,
                                   const std::vector<double>& counts) {
  std::vector<double> values;
  for (const ResampledSpearman& column : columns) values.push_back(column.Correlation(counts));
  return values;
}

class LdsMetric : public Metric {
 public:
  LdsMetric(std::string name, const at::Tensor& outputs, const EvaluationBlock& block,
            int64_t resamples, uint64_t seed)
      : name_(std::move(name)),
        test_numbers_(block.tests),
        subsets_(at::tensor(block.subsets, at::kLong)),
        tests_(at::tensor(block.tests, at::kLong)),
        outputs_per_seed_(outputs.index_select(0, subsets_).index_select(2, tests_)),
        outputs_(outputs_per_seed_.to(at::kDouble).mean(1)),
        resamples_(resamples),
        seed_(seed) {}

  std::string name() const override { return name_; }
  std::string unit() const override { return "test example"; }
  Direction direction() const override { return Direction::kHigherIsBetter; }

  std::optional<Estimate> Ceiling() const override {
    const absl::StatusOr<Estimate> ceiling = NoiseCeiling(outputs_per_seed_, resamples_, seed_);
    return ceiling.ok() ? std::optional<Estimate>(*ceiling) : std::nullopt;
  }

  absl::StatusOr<Measurement> Measure(const MeasuredScores& scores) const override {
    if (const absl::Status status = CheckVary(scores); !status.ok()) return status;
    absl::StatusOr<std::vector<double>> per_test = LdsPerTest(Predicted(scores), outputs_);
    if (!per_test.ok()) return per_test.status();
    const absl::StatusOr<Estimate> estimate =
        LinearDatamodelingScore(Predicted(scores), outputs_, resamples_, seed_);
    if (!estimate.ok()) return estimate.status();
    return Measurement{*estimate, *std::move(per_test)};
  }

  absl::StatusOr<double> Value(const MeasuredScores& scores) const override {
    if (const absl::Status status = CheckVary(scores); !status.ok()) return status;
    const absl::StatusOr<Estimate> estimate =
        LinearDatamodelingScore(Predicted(scores), outputs_, /*resamples=*/0, seed_);
    if (!estimate.ok()) return estimate.status();
    return estimate->value;
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
  const std::vector<int64_t> test_numbers_;
  const at::Tensor subsets_, tests_;
  const at::Tensor outputs_per_seed_;  // [m, s, t] of the block
  const at::Tensor outputs_;           // [m, t] float64
  const int64_t resamples_;
  const uint64_t seed_;
};

}  // namespace

absl::StatusOr<std::vector<double>> LdsPerTest(const at::Tensor& predicted,
                                               const at::Tensor& outputs) {
  const auto columns = CorrelateColumns(predicted, outputs);
  if (!columns.ok()) return columns.status();
  return CorrelationsOf(*columns, std::vector<double>(predicted.size(0), 1));
}

absl::StatusOr<Estimate> LinearDatamodelingScore(const at::Tensor& predicted,
                                                 const at::Tensor& outputs, int64_t resamples,
                                                 uint64_t seed) {
  const auto columns = CorrelateColumns(predicted, outputs);
  if (!columns.ok()) return columns.status();
  return TwoWayBootstrap(
      predicted.size(0), predicted.size(1), resamples, seed,
      [&](const std::vector<double>& counts) { return CorrelationsOf(*columns, counts); });
}

std::unique_ptr<Metric> MakeLdsMetric(std::string name, const at::Tensor& outputs,
                                      const EvaluationBlock& block, int64_t resamples,
                                      uint64_t seed) {
  return std::make_unique<LdsMetric>(std::move(name), outputs, block, resamples, seed);
}

}  // namespace attribench
