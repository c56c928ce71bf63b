// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_METRICS_ALL_METRICS_H_
#define ATTRIBENCH_EVALUATORS_METRICS_ALL_METRICS_H_

#include <memory>
#include <vector>

#include "datasets/zoo/zoo.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/metrics/metric.h"

namespace attribench {

// Every metric, on one block of a ground truth. The first one ranks methods. Names are unique.
std::vector<std::unique_ptr<Metric>> AllMetrics(const GroundTruth& truth,
                                                const EvaluationBlock& block);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_METRICS_ALL_METRICS_H_
