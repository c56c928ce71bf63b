// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/all_metrics.h"

#include "evaluators/metrics/linear_datamodeling_score.h"

namespace attribench {

std::vector<std::unique_ptr<Metric>> AllMetrics(const GroundTruth& truth,
                                                const EvaluationBlock& block) {
  std::vector<std::unique_ptr<Metric>> metrics;
  metrics.push_back(MakeLdsMetric("lds", truth.negative_loss, block));
  if (truth.margin.defined()) {
    metrics.push_back(MakeLdsMetric("lds_margin", truth.margin, block));
  }
  return metrics;
}

}  // namespace attribench
