// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_SHARE_INTERVAL_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_SHARE_INTERVAL_H_

#include <optional>
#include <utility>
#include <vector>

namespace attribench {

// A value with its deviations in resamples (TwoWayBootstrap::Deviations).
struct ResampledValue {
  double value = 0;
  const std::vector<double>& deviations;
};

// The 95% interval of part / whole over the same resamples, as many of both. Absent unless the
// whole is positive in every resample.
std::optional<std::pair<double, double>> ShareInterval(const ResampledValue& part,
                                                       const ResampledValue& whole);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_SHARE_INTERVAL_H_
