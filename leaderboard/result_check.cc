// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/result_check.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace attribench {
namespace {

// Values are sums of doubles that were written with 17 digits.
constexpr double kRounding = 1e-9;

absl::Status Wrong(const std::string& where, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

absl::Status CheckFacts(const std::string& where, const SettingFacts& facts) {
  if (facts.metrics().empty()) {
    return Wrong(where, "the setting states 0 metrics; at least 1 is needed, the first one ranks");
  }
  std::set<std::string> names;
  for (const MetricFacts& metric : facts.metrics()) {
    if (!names.insert(metric.name()).second) {
      return Wrong(where, absl::StrCat("the setting states the metric ", metric.name(),
                                       " twice; once is allowed"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCost(const std::string& where, const std::string& field, const CostRecord& cost) {
  const std::pair<const char*, double> numbers[] = {
      {"retrainings", cost.retrainings()},
      {"gradient_evaluations", cost.gradient_evaluations()},
      {"flops", cost.flops()},
      {"cpu_seconds", cost.cpu_seconds()},
      {"hessian_vector_products", cost.hessian_vector_products()}};
  for (const auto& [name, number] : numbers) {
    if (number >= 0 && std::isfinite(number)) continue;
    return Wrong(
        where, absl::StrCat(field, ".", name, " is ", number, "; a cost is finite and at least 0"));
  }
  return absl::OkStatus();
}

absl::Status CheckCosts(const std::string& where, const Entry& entry) {
  absl::Status status = CheckCost(where, "tuning_cost", entry.tuning_cost());
  if (status.ok()) status = CheckCost(where, "total_cost", entry.total_cost());
  for (const auto& [name, cost] : entry.phases()) {
    if (status.ok()) status = CheckCost(where, absl::StrCat("phases.", name), cost);
  }
  return status;
}

// A damping curve, its bound and criteria: finite numbers, values within [-1, 1].
absl::Status CheckCurve(const std::string& where, const MethodResult& result) {
  const auto check = [&](const std::string& field, double value) {
    if (std::abs(value) <= 1 + kRounding) return absl::OkStatus();
    return Wrong(where, absl::StrCat(field, " is ", value, "; it must be from -1 to 1"));
  };
  for (const auto& [name, value] : result.oracle()) {
    if (absl::Status status = check(absl::StrCat("oracle.", name), value); !status.ok()) {
      return status;
    }
  }
  for (int i = 0; i < result.grid_size(); ++i) {
    const GridPoint& point = result.grid(i);
    const std::string field = absl::StrCat("grid[", i, "].");
    if (!(point.damping() >= 0) || !std::isfinite(point.damping()) ||
        !(point.absolute_damping() >= 0) || !std::isfinite(point.absolute_damping())) {
      return Wrong(where,
                   absl::StrCat(field, "damping is ", point.damping(), ", absolute ",
                                point.absolute_damping(), "; a damping is finite and at least 0"));
    }
    for (const auto& [name, value] : point.metrics()) {
      if (absl::Status status = check(field + name, value); !status.ok()) return status;
    }
    for (const auto& [name, interval] : point.intervals()) {
      const auto value = point.metrics().find(name);
      if (value != point.metrics().end() && interval.low() <= value->second + kRounding &&
          value->second <= interval.high() + kRounding && std::isfinite(interval.low()) &&
          std::isfinite(interval.high())) {
        continue;
      }
      return Wrong(where, absl::StrCat(field, "intervals.", name, " [", interval.low(), ", ",
                                       interval.high(), "] does not hold its value"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCriterion(const std::string& where, const Entry& entry) {
  for (int i = 0; i < entry.criterion_size(); ++i) {
    const CriterionRecord& point = entry.criterion(i);
    if (std::isfinite(point.damping()) && !std::isnan(point.value())) continue;
    return Wrong(where, absl::StrCat("criterion[", i, "] is ", point.value(), " at damping ",
                                     point.damping(), "; neither may be missing"));
  }
  return absl::OkStatus();
}

// The estimate and its list of values, as far as they are stated.
absl::Status CheckValue(const std::string& where, const MetricValue& metric) {
  const Interval& estimate = metric.estimate();
  const std::string field = absl::StrCat(metric.name(), " of ", estimate.value());
  if (!metric.has_estimate()) return Wrong(where, absl::StrCat(metric.name(), " has no estimate"));
  if (!(std::abs(estimate.value()) <= 1 + kRounding)) {
    return Wrong(where, absl::StrCat(field, "; it must be from -1 to 1"));
  }
  if (!(estimate.low() <= estimate.value() + kRounding &&
        estimate.value() <= estimate.high() + kRounding && std::isfinite(estimate.low()) &&
        std::isfinite(estimate.high()))) {
    return Wrong(where, absl::StrCat(field, " lies outside of its interval [", estimate.low(), ", ",
                                     estimate.high(), "]"));
  }
  double sum = 0;
  for (int i = 0; i < metric.per_unit_size(); ++i) {
    if (!std::isfinite(metric.per_unit(i))) {
      return Wrong(where, absl::StrCat("per_unit[", i, "] of ", metric.name(), " is ",
                                       metric.per_unit(i), "; it must be finite"));
    }
    sum += metric.per_unit(i);
  }
  for (int i = 0; i < metric.per_subset_size(); ++i) {
    if (std::isfinite(metric.per_subset(i))) continue;
    return Wrong(where, absl::StrCat("per_subset[", i, "] of ", metric.name(), " is ",
                                     metric.per_subset(i), "; it must be finite"));
  }
  if (metric.per_unit().empty()) return absl::OkStatus();
  const double mean = sum / metric.per_unit_size();
  if (std::abs(mean - estimate.value()) <= kRounding) return absl::OkStatus();
  return Wrong(where, absl::StrCat(field, " is not the mean of its per_unit values, ", mean));
}

absl::Status CheckFirstMetric(const std::string& where, const Entry& entry,
                              const SettingFacts& facts) {
  const std::string& name = facts.metrics(0).name();
  const MetricValue* metric = FindMetric(entry, name);
  if (metric == nullptr) {
    return Wrong(where, absl::StrCat("status OK, but ", name, " is missing; it ranks the setting"));
  }
  const bool per_test = facts.metrics(0).unit() == "test example";
  if (per_test && metric->per_unit_size() != facts.num_reporting_tests()) {
    return Wrong(where, absl::StrCat("per_unit of ", name, " has ", metric->per_unit_size(),
                                     " values, but the setting has ", facts.num_reporting_tests(),
                                     " reporting test examples"));
  }
  if (!metric->per_subset().empty() && metric->per_subset_size() != facts.num_reporting_subsets()) {
    return Wrong(where, absl::StrCat("per_subset of ", name, " has ", metric->per_subset_size(),
                                     " values, but the setting has ", facts.num_reporting_subsets(),
                                     " reporting subsets"));
  }
  return absl::OkStatus();
}

absl::Status CheckMetrics(const std::string& where, const Entry& entry, const SettingFacts& facts) {
  std::vector<std::string> known;
  for (const MetricFacts& metric : facts.metrics()) known.push_back(metric.name());
  std::set<std::string> seen;
  for (const MetricValue& metric : entry.metrics()) {
    if (std::find(known.begin(), known.end(), metric.name()) == known.end()) {
      return Wrong(where,
                   absl::StrCat("the metric '", metric.name(),
                                "' is not one of the setting's: ", absl::StrJoin(known, ", ")));
    }
    if (!seen.insert(metric.name()).second) {
      return Wrong(where,
                   absl::StrCat("the metric ", metric.name(), " comes twice; once is allowed"));
    }
    if (absl::Status status = CheckValue(where, metric); !status.ok()) return status;
  }
  return CheckFirstMetric(where, entry, facts);
}

}  // namespace

const MetricValue* FindMetric(const Entry& entry, const std::string& name) {
  for (const MetricValue& metric : entry.metrics()) {
    if (metric.name() == name) return &metric;
  }
  return nullptr;
}

absl::Status CheckResult(const MethodResult& result) {
  const std::string of_method =
      absl::StrCat("setting ", result.setting().name(), ", method ", result.method());
  absl::Status status = CheckFacts(of_method, result.setting());
  if (!status.ok()) return status;
  if (result.entries().empty()) return Wrong(of_method, "the result has no entries");
  status = CheckCurve(of_method, result);
  if (!status.ok()) return status;
  for (int i = 0; i < result.entries_size(); ++i) {
    const Entry& entry = result.entries(i);
    if (entry.tuner().empty()) {
      return Wrong(of_method, absl::StrCat("entries[", i, "] names no tuner"));
    }
    const std::string where = absl::StrCat(of_method, ", tuner ", entry.tuner());
    status = CheckCosts(where, entry);
    if (status.ok()) status = CheckCriterion(where, entry);
    if (status.ok() && entry.status() == OK) status = CheckMetrics(where, entry, result.setting());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace attribench
