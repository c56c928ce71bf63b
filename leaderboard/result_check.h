// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_RESULT_CHECK_H_
#define ATTRIBENCH_LEADERBOARD_RESULT_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "benchmarks/result.pb.h"

namespace attribench {

// Whether a result can be true, as far as it shows by itself. InvalidArgument names the setting,
// the method, the tuner and the field if
// - the setting states no metric, or one metric twice,
// - there are no entries, or one has no tuner,
// - a cost is negative or not finite,
// - an OK entry has a metric that its setting does not state, or one metric twice, or lacks the
//   first metric,
// - a value lies beyond [-1, 1] (all metrics so far are correlations), or is not finite,
// - a value is not the mean of its per_unit list, or lies outside of its interval,
// - a point of the damping curve, its bound or a criterion is no number, or a value of the curve
// lies
//   outside of its interval,
// - the first metric has another number of values than there are reporting test examples, or of
//   effects (per_subset) than there are reporting subsets. Older results have no effects.
absl::Status CheckResult(const MethodResult& result);

// The metric of this name in an entry; null if it has none.
const MetricValue* FindMetric(const Entry& entry, const std::string& name);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_RESULT_CHECK_H_
