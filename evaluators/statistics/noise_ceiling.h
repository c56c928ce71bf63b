// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_NOISE_CEILING_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_NOISE_CEILING_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "evaluators/statistics/estimate.h"

namespace attribench {

// The LDS that a perfect predictor of the expected outputs would get. It is below 1, because the
// retrained outputs are means over few seeds and therefore noisy. Per test example:
//   r        reliability of one seed: the Spearman correlation over subsets of the outputs of two
//            seeds, averaged over all pairs of seeds
//   R        reliability of the mean of s seeds (Spearman and Brown): s r / (1 + (s - 1) r)
//   sqrt(R)  the ceiling of this test example; 0 when r <= 0
// The result is the mean of sqrt(R) over test examples. (The formula applied to the mean of r would
// be too high when test examples differ, because the formula is concave.)
//
// outputs [m, s, t]: of m subsets, s seeds each, for t test examples. The interval is that of
// TwoWayBootstrap. FailedPrecondition when s < 2; DataLoss as CorrelateColumns.
absl::StatusOr<Estimate> NoiseCeiling(const at::Tensor& outputs, int64_t resamples, uint64_t seed);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_NOISE_CEILING_H_
