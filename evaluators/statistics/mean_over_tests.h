// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_MEAN_OVER_TESTS_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_MEAN_OVER_TESTS_H_

#include <vector>

#include "evaluators/statistics/estimate.h"

namespace attribench {

// The mean of values of test examples, at least two, with an interval for other test examples
// (TwoWayBootstrap without subsets).
Estimate MeanOverTests(const std::vector<double>& values);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_MEAN_OVER_TESTS_H_
