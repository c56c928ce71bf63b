// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_METRICS_LINEAR_DATAMODELING_SCORE_H_
#define ATTRIBENCH_EVALUATORS_METRICS_LINEAR_DATAMODELING_SCORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/metrics/metric.h"
#include "evaluators/statistics/estimate.h"

namespace attribench {

// LDS per test example (Park et al., TRAK, ICML 2023, definition 2.3): the Spearman correlation
// over subsets between predicted and retrained outputs. predicted, outputs [m, t]; result [t].
// DataLoss names the first test example with a constant or non-finite column. It has no LDS, and it
// is not silently left out of the mean.
absl::StatusOr<std::vector<double>> LdsPerTest(const at::Tensor& predicted,
                                               const at::Tensor& outputs);

// The mean of LdsPerTest, with the interval of TwoWayBootstrap. A function of the arguments alone.
//
// The interval is for the LDS over all subsets that could be drawn. The estimate lies below that
// value by 3 (rho - tau) / (m + 1), for Spearman's rho and Kendall's tau; the interval is widened
// to include it.
absl::StatusOr<Estimate> LinearDatamodelingScore(const at::Tensor& predicted,
                                                 const at::Tensor& outputs, int64_t resamples,
                                                 uint64_t seed);

// LDS as a metric of this name. Predicted outputs are MeasuredScores::subset_scores; `outputs`
// [m, s, t] are those of the retrained models, averaged over seeds. Both are restricted to `block`.
// The ceiling is NoiseCeiling: absent if there is only one seed.
std::unique_ptr<Metric> MakeLdsMetric(std::string name, const at::Tensor& outputs,
                                      const EvaluationBlock& block, int64_t resamples,
                                      uint64_t seed);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_METRICS_LINEAR_DATAMODELING_SCORE_H_
