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

// xi = t_2 / sqrt(t_1 t_3), in (0, 1], for moments [dampings, tests]. LDS rises with damping if xi
// is below a cosine r, which only retraining could measure ("Taming hyperparameter sensitivity in
// data attribution", arXiv 2505.24261, section 4; this form follows from the Cauchy-Schwarz
// inequality). xi tends to 1 as damping grows, and rises through the bulk of the spectrum. It may
// fall where the damping is below every eigenvalue. It is 1 if the test gradient is 0.
at::Tensor SurrogateIndicator(const SpectralMoments& moments);

// The largest damping at which a curve of means [dampings] rises through `level`, interpolated in
// log(damping). `dampings` ascend and are above 0. It is the first damping if the curve is
// nowhere below the level, and the last one if the curve ends below the level. In these two cases,
// `message` says so.
struct Crossing {
  Damping damping;
  std::string message;
};
absl::StatusOr<Crossing> FindCrossing(const std::vector<Damping>& dampings,
                                      const std::vector<double>& curve, double level);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_SURROGATE_INDICATOR_H_
