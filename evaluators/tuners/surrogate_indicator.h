// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_SURROGATE_INDICATOR_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_SURROGATE_INDICATOR_H_

#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/damping.h"

namespace attribench {

// xi = t_2 / sqrt(t_1 t_3), in (0, 1], of the moments' shape [dampings, tests]. Where xi is under
// the (unknown, retraining-dependent) cosine r, LDS rises with damping; see "Taming hyperparameter
// sensitivity in data attribution" (arXiv 2505.24261), section 4, for the retraining-free
// indicator, of which this is the form that Cauchy and Schwarz give. It tends to 1 as damping
// grows, and rises through the bulk of the spectrum; where damping is below every eigenvalue it may
// fall. 1 where the test gradient is 0.
at::Tensor SurrogateIndicator(const SpectralMoments& moments);

// The greatest damping at which a curve of means [dampings] rises through `level`, by interpolation
// in log(damping). `dampings` ascend and are above 0. Where the curve is nowhere under the level,
// the first damping; where it ends under it, the last; `message` then says so.
struct Crossing {
  Damping damping;
  std::string message;
};
absl::StatusOr<Crossing> FindCrossing(const std::vector<Damping>& dampings,
                                      const std::vector<double>& curve, double level);

// The level of mean xi that the selector looks for.
inline constexpr double kSurrogateIndicatorLevel = 0.5;

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_SURROGATE_INDICATOR_H_
