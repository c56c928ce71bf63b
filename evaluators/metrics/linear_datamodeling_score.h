// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_METRICS_LINEAR_DATAMODELING_SCORE_H_
#define ATTRIBENCH_EVALUATORS_METRICS_LINEAR_DATAMODELING_SCORE_H_

#include <memory>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/metrics/metric.h"
#include "evaluators/statistics/rank_correlation.h"

namespace attribench {

// LDS per test example (Park et al., TRAK, ICML 2023, definition 2.3): the Spearman correlation
// over subsets between predicted and retrained outputs. predicted, outputs [m, t]; result [t].
// DataLoss names the first test example with a constant or non-finite column. It has no LDS, and it
// is not silently left out of the mean.
absl::StatusOr<std::vector<double>> LdsPerTest(const at::Tensor& predicted,
                                               const at::Tensor& outputs);

// The mean of LdsPerTest.
absl::StatusOr<double> MeanLds(const at::Tensor& predicted, const at::Tensor& outputs);

// MeanLds, with its effects by TwoWayJackknife and the interval of TwoWayBootstrap.
//
// The interval is for the LDS over all subsets that could be drawn. The estimate lies below that
// value by 3 (rho - tau) / (m + 1), for Spearman's rho and Kendall's tau. So the interval lies
// around the jackknife's unbiased value, and is widened to include the estimate.
//
// With Pearson's correlation in place of Spearman's the rest is the same.
//
// InvalidArgument if there are fewer than 3 subsets; errors as LdsPerTest.
absl::StatusOr<Measurement> LinearDatamodelingScore(
    const at::Tensor& predicted, const at::Tensor& outputs,
    CorrelationKind kind = CorrelationKind::kSpearman);

// LDS as a metric of this name. Predicted outputs are MeasuredScores::subset_scores; `outputs`
// [m, s, t] are those of the retrained models, averaged over seeds. Both are restricted to `block`.
// The ceiling is NoiseCeiling: absent if there is only one seed.
std::unique_ptr<Metric> MakeLdsMetric(std::string name, const at::Tensor& outputs,
                                      const EvaluationBlock& block,
                                      CorrelationKind kind = CorrelationKind::kSpearman);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_METRICS_LINEAR_DATAMODELING_SCORE_H_
