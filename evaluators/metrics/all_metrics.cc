// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/all_metrics.h"

#include "ATen/ATen.h"
#include "evaluators/metrics/linear_datamodeling_score.h"
#include "evaluators/metrics/mislabelled_auc.h"

namespace attribench {
namespace {

bool IsLeaveOneOut(const GroundTruth& truth) {
  return truth.subsets.logical_not().sum(1).eq(1).all().item<bool>();
}

}  // namespace

std::vector<std::unique_ptr<Metric>> AllMetrics(const GroundTruth& truth,
                                                const EvaluationBlock& block,
                                                const at::Tensor& mislabelled) {
  std::vector<std::unique_ptr<Metric>> metrics;
  metrics.push_back(MakeLdsMetric("lds", truth.negative_loss, block));
  if (truth.margin.defined()) {
    metrics.push_back(MakeLdsMetric("lds_margin", truth.margin, block));
  }
  if (IsLeaveOneOut(truth)) {
    metrics.push_back(MakeLdsMetric("loo", truth.negative_loss, block, CorrelationKind::kPearson));
  }
  if (mislabelled.defined() && mislabelled.any().item<bool>()) {
    metrics.push_back(MakeMislabelledAuc(mislabelled));
  }
  return metrics;
}

}  // namespace attribench
