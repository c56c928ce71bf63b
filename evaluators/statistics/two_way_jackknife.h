// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_TWO_WAY_JACKKNIFE_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_TWO_WAY_JACKKNIFE_H_

#include <vector>

#include "evaluators/statistics/two_way_bootstrap.h"

namespace attribench {

// A mean over test examples of values that each come from all subsets.
struct JackknifedMean {
  double value = 0;
  // Without the bias of order 1 / subsets (Quenouille). Spearman's correlation has such a bias:
  // -3 (rho - tau) / (m + 1) for m subsets.
  double unbiased = 0;
  TwoWayEffects effects;
};

// values [t]: one per test example, from all m subsets. without [m][t]: the same with one subset
// left out; m >= 2, t >= 1.
//
// The effects of subsets are the means over tests of the jackknife's pseudo-values. Such a mean
// also holds noise that belongs to single (subset, test) pairs, and so does the spread of the
// tests. To count it once, the effects of subsets are scaled down to the spread that subsets alone
// have, by the mean squares of the two-way analysis of variance.
JackknifedMean TwoWayJackknife(const std::vector<double>& values,
                               const std::vector<std::vector<double>>& without);

// The factor by which TwoWayJackknife scales the effects of subsets: in [0, 1].
double SubsetScale(const std::vector<double>& values,
                   const std::vector<std::vector<double>>& without);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_TWO_WAY_JACKKNIFE_H_
