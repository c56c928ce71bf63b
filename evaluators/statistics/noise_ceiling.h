// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_NOISE_CEILING_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_NOISE_CEILING_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "evaluators/statistics/estimate.h"
#include "evaluators/statistics/rank_correlation.h"

namespace attribench {

// The LDS that a perfect predictor of the expected outputs would get. It is below 1, because the
// retrained outputs are means over few seeds and therefore noisy. Per test example:
//   r        reliability of one seed: the correlation over subsets of the outputs of two seeds.
//            Spearman's correlation is averaged over all pairs of seeds and converted to Pearson's
//            scale by 2 sin(pi / 6 x), which is exact for normal outputs (Pearson, 1907)
//   R        reliability of the mean of s seeds (Spearman and Brown): s r / (1 + (s - 1) r)
//   sqrt(R)  the correlation of that mean with its expectation; 6 / pi asin(sqrt(R) / 2) is the
//            ceiling of this test example, again on Spearman's scale
// The result is the mean of the ceilings over test examples.
//
// With m subsets, r is known only with an error of about 1 / sqrt(m). The error spreads the r of
// different test examples further apart than they are, and the square root then turns the spread
// into a bias: the mean would rise with m. So the r are first freed of their bias by the jackknife,
// and drawn together around their mean until their variance is the one that remains after the mean
// sampling variance is taken away. Values beyond [0, 1] count as 0 and 1.
//
// With Pearson's correlation, r is the mean over pairs of seeds and the ceiling is sqrt(R), both as
// they are.
//
// outputs [m, s, t]: of m subsets, s seeds each, for t test examples. The interval comes from
// TwoWayBootstrap with the effects that the jackknife over subsets and over test examples gives.
// FailedPrecondition if s < 2: one seed says nothing about its noise. InvalidArgument if m < 3.
// DataLoss as CorrelateColumns.
absl::StatusOr<Estimate> NoiseCeiling(const at::Tensor& outputs,
                                      CorrelationKind kind = CorrelationKind::kSpearman);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_NOISE_CEILING_H_
