// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_METRICS_ALL_METRICS_H_
#define ATTRIBENCH_EVALUATORS_METRICS_ALL_METRICS_H_

#include <memory>
#include <vector>

#include "ATen/core/Tensor.h"
#include "datasets/zoo/zoo.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/metrics/metric.h"

namespace attribench {

// Every metric, on one block of a ground truth. The first one ranks methods. Names are unique:
//   lds              LDS against minus the loss
//   lds_margin       LDS against the margin, if the ground truth has one
//   loo              if each subset leaves one example out: Pearson's correlation, over these
//                    examples, of their scores and of how much minus the loss falls without them.
//                    ("lds" is then Spearman's correlation of the same two.)
//   mislabelled_auc  if some training labels are wrong: see mislabelled_auc.h
// `mislabelled` [n] bool: the training examples with a wrong label; undefined: none.
std::vector<std::unique_ptr<Metric>> AllMetrics(const GroundTruth& truth,
                                                const EvaluationBlock& block,
                                                const at::Tensor& mislabelled = {});

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_METRICS_ALL_METRICS_H_
