// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_RESULT_MESSAGES_H_
#define ATTRIBENCH_BENCHMARKS_RESULT_MESSAGES_H_

#include "benchmarks/result.pb.h"
#include "evaluators/metrics/metric.h"
#include "evaluators/statistics/estimate.h"
#include "evaluators/tuners/tuner.h"
#include "methods/cost_ledger.h"

namespace attribench {

// What methods, tuners and metrics return, as messages of result.proto.
Interval ToMessage(const Estimate& estimate);
CostRecord ToMessage(const Cost& cost);  // without wall seconds
MetricFacts ToMessage(const Metric& metric);
MetricValue ToMessage(const Metric& metric, const Measurement& measurement);
TunerKindRecord ToMessage(TunerKind kind);
CriterionRecord ToMessage(const CriterionPoint& point);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_RESULT_MESSAGES_H_
