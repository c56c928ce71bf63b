// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_TWO_WAY_BOOTSTRAP_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_TWO_WAY_BOOTSTRAP_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "evaluators/statistics/estimate.h"

namespace attribench {

// One value in [-1, 1] per test example, computed on a resample of the subsets: counts[s] says how
// often subset s was drawn.
using ValuesPerTest = std::function<std::vector<double>(const std::vector<double>& counts)>;

// The mean of `values` over test examples, with the basic bootstrap interval (Davison and Hinkley,
// Bootstrap methods and their application, 1997, equation 5.6). Each resample draws `num_subsets`
// subsets and `num_tests` test examples with replacement. The interval is clamped to [-1, 1] and
// always contains the estimate. With fewer than 2 resamples, low = high = value.
//
// The result depends on the arguments only. Calls with equal sizes, number of resamples and seed
// draw the same resamples.
Estimate TwoWayBootstrap(int64_t num_subsets, int64_t num_tests, int64_t resamples, uint64_t seed,
                         const ValuesPerTest& values);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_TWO_WAY_BOOTSTRAP_H_
