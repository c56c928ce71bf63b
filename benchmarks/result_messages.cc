// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/result_messages.h"

#include <optional>

#include "methods/damping.h"

namespace attribench {

Interval ToMessage(const Estimate& estimate) {
  Interval interval;
  interval.set_value(estimate.value);
  interval.set_low(estimate.low);
  interval.set_high(estimate.high);
  return interval;
}

CostRecord ToMessage(const Cost& cost) {
  CostRecord record;
  record.set_retrainings(cost.retrainings);
  record.set_gradient_evaluations(cost.gradient_evaluations);
  record.set_hessian_vector_products(cost.hessian_vector_products);
  record.set_flops(cost.flops);
  record.set_cpu_seconds(cost.cpu_seconds);
  record.set_device_seconds(cost.device_seconds);
  return record;
}

MetricFacts ToMessage(const Metric& metric) {
  MetricFacts facts;
  facts.set_name(metric.name());
  facts.set_unit(metric.unit());
  facts.set_direction(metric.direction() == Metric::Direction::kHigherIsBetter ? HIGHER_IS_BETTER
                                                                               : LOWER_IS_BETTER);
  if (const std::optional<Estimate> ceiling = metric.Ceiling(); ceiling.has_value()) {
    *facts.mutable_ceiling() = ToMessage(*ceiling);
  }
  return facts;
}

MetricValue ToMessage(const Metric& metric, const Measurement& measurement) {
  MetricValue value;
  value.set_name(metric.name());
  *value.mutable_estimate() = ToMessage(measurement.estimate);
  value.mutable_per_unit()->Add(measurement.per_unit.begin(), measurement.per_unit.end());
  value.mutable_per_subset()->Add(measurement.per_subset.begin(), measurement.per_subset.end());
  return value;
}

TunerKindRecord ToMessage(TunerKind kind) {
  switch (kind) {
    case TunerKind::kFixedValue:
      return FIXED_VALUE;
    case TunerKind::kSearch:
      return SEARCH;
    case TunerKind::kSelector:
      return SELECTOR;
  }
  return TUNER_KIND_UNSPECIFIED;
}

CriterionRecord ToMessage(const CriterionPoint& point) {
  CriterionRecord record;
  record.set_damping(point.damping.value);
  record.set_damping_unit(DampingUnit_Name(point.damping.unit));
  record.set_value(point.value);
  return record;
}

}  // namespace attribench
