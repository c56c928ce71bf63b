// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_LINEAR_DATAMODELING_SCORE_H_
#define ATTRIBENCH_EVALUATORS_LINEAR_DATAMODELING_SCORE_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

namespace attribench {

// An estimate with its 95% interval.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

// What a method predicts for each subset: the sum of its examples' scores. subsets [m, n] bool,
// scores [n, t]; result [m, t] float64. DataLoss with the place of a score that is not finite.
absl::StatusOr<at::Tensor> SubsetScores(const at::Tensor& subsets, const at::Tensor& scores);

// LDS per test example (Park et al., TRAK, ICML 2023, definition 2.3): the Spearman correlation over
// subsets between predicted and retrained outputs. predicted, outputs [m, t]; result [t].
// DataLoss names the test example whose column is constant or not finite: there is no number
// for it, and none is left out of a mean in silence.
absl::StatusOr<std::vector<double>> LdsPerTest(const at::Tensor& predicted, const at::Tensor& outputs);

// The mean of LdsPerTest, with a percentile interval from a two-way bootstrap: every resample draws
// subsets and test examples with replacement. A function of the arguments alone.
absl::StatusOr<Estimate> LinearDatamodelingScore(const at::Tensor& predicted, const at::Tensor& outputs,
                                                 int64_t resamples, uint64_t seed);

// The LDS that the expected outputs themselves would get, given that the retrained outputs are means
// over seeds. Per pair of seeds the Spearman correlation over subsets, averaged over test examples and
// pairs, is the reliability r of one seed; Spearman and Brown give R = s r / (1 + (s - 1) r) of the
// mean of s seeds; the ceiling is sqrt(R). outputs [m, s, t]; s >= 2, else FailedPrecondition. The
// interval is from a two-way bootstrap as above; a reliability at or below 0 gives 0.
absl::StatusOr<Estimate> NoiseCeiling(const at::Tensor& outputs, int64_t resamples, uint64_t seed);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_LINEAR_DATAMODELING_SCORE_H_
