// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_METRICS_LINEAR_DATAMODELING_SCORE_H_
#define ATTRIBENCH_EVALUATORS_METRICS_LINEAR_DATAMODELING_SCORE_H_

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

// LDS per test example (Park et al., TRAK, ICML 2023, definition 2.3): the Spearman correlation
// over subsets between predicted and retrained outputs. predicted, outputs [m, t]; result [t].
// DataLoss names the test example whose column is constant or not finite: there is no number
// for it, and none is left out of a mean in silence.
absl::StatusOr<std::vector<double>> LdsPerTest(const at::Tensor& predicted,
                                               const at::Tensor& outputs);

// The mean of LdsPerTest, with the basic interval (Davison and Hinkley, Bootstrap methods and their
// application, 1997, equation 5.6) from a two-way bootstrap: every resample draws subsets and test
// examples with replacement. It is for the LDS over all subsets that could be drawn and reaches to
// the estimate, which is below that by 3 (rho - tau) / (m + 1) for Spearman's rho and Kendall's
// tau. A function of the arguments alone.
absl::StatusOr<Estimate> LinearDatamodelingScore(const at::Tensor& predicted,
                                                 const at::Tensor& outputs, int64_t resamples,
                                                 uint64_t seed);

// The LDS that the expected outputs themselves would get, given that the retrained outputs are
// means over seeds. Per test example, the Spearman correlation over subsets of two seeds, averaged
// over all pairs, is the reliability r of one seed; Spearman and Brown give R = s r / (1 + (s - 1)
// r) of the mean of s seeds; sqrt(R) is the test example's ceiling (0 where r is not above 0), and
// their mean that of LDS. (The formula applied to the mean of r would be too high where test
// examples differ: it is concave.) outputs [m, s, t]; s >= 2, else FailedPrecondition. The interval
// is from a two-way bootstrap as above.
absl::StatusOr<Estimate> NoiseCeiling(const at::Tensor& outputs, int64_t resamples, uint64_t seed);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_METRICS_LINEAR_DATAMODELING_SCORE_H_
