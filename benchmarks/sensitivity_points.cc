// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/sensitivity_points.h"

#include <algorithm>
#include <map>

#include "benchmarks/provenance.h"

namespace attribench {
namespace {

bool HaveSameTuners(const SensitivityPoint& a, const SensitivityPoint& b) {
  return std::equal(a.entries().begin(), a.entries().end(), b.entries().begin(), b.entries().end(),
                    [](const Entry& x, const Entry& y) { return x.tuner() == y.tuner(); });
}

}  // namespace

absl::StatusOr<std::vector<PlannedPoint>> PlanSensitivity(const RegisteredMethod& method) {
  std::vector<PlannedPoint> points;
  const auto add = [&](const std::string& name, const std::string& value) {
    std::map<std::string, std::string> changes;
    if (!name.empty()) changes[name] = value;
    absl::StatusOr<Hyperparameters> made = Hyperparameters::Make(method.space, changes);
    if (made.ok()) points.push_back({name, value, {method.name, &method, *std::move(made)}});
    return made.status();
  };
  if (const absl::Status status = add("", ""); !status.ok()) return status;
  for (const Hyperparameter& hyperparameter : method.space.hyperparameters()) {
    if (hyperparameter.kind() == Hyperparameter::DAMPING) continue;
    for (const std::string& value : hyperparameter.grid()) {
      if (value == hyperparameter.default_value()) continue;
      if (const absl::Status status = add(hyperparameter.name(), value); !status.ok()) {
        return status;
      }
    }
  }
  return points;
}

SensitivityPoint ToSensitivityPoint(const PlannedPoint& planned, const MethodResult& result) {
  SensitivityPoint point;
  point.set_hyperparameter(planned.hyperparameter);
  point.set_value(planned.value);
  for (const Entry& entry : result.entries()) {
    Entry& kept = *point.add_entries() = entry;
    kept.clear_criterion();
    kept.clear_phases();
    for (MetricValue& metric : *kept.mutable_metrics()) {
      metric.clear_per_unit();
      metric.clear_per_subset();
    }
  }
  *point.mutable_curve() = result.grid();
  *point.mutable_provenance() = result.provenance();
  return point;
}

const SensitivityPoint* FindPoint(const MethodSensitivity& recorded, const SensitivityPoint& now) {
  if (now.provenance().program_version().empty()) return nullptr;
  for (const SensitivityPoint& point : recorded.points()) {
    if (point.hyperparameter() == now.hyperparameter() && point.value() == now.value() &&
        HaveSameTuners(point, now) &&
        CompareProvenance(point.provenance(), now.provenance()).empty()) {
      return &point;
    }
  }
  return nullptr;
}

}  // namespace attribench
