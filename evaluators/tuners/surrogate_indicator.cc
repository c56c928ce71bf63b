// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/surrogate_indicator.h"

#include <cmath>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace attribench {

at::Tensor SurrogateIndicator(const SpectralMoments& moments) {
  // Square roots one by one: the product of t_1 and t_3 can leave the range of double.
  const at::Tensor bound = moments.t1.sqrt().mul(moments.t3.sqrt());
  return at::where(bound.gt(0), moments.t2.div(bound), at::ones_like(bound)).clamp_max(1);
}

absl::StatusOr<Crossing> FindCrossing(const std::vector<Damping>& dampings,
                                      const std::vector<double>& curve, double level) {
  if (dampings.empty() || dampings.size() != curve.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a curve of ", curve.size(), " values over ", dampings.size(), " dampings"));
  }
  for (size_t i = 0; i < dampings.size(); ++i) {
    if (!(dampings[i].value > 0) || !std::isfinite(curve[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("the indicator at damping ", ToString(dampings[i]), " is ", curve[i],
                       "; dampings must be above 0 and values finite"));
    }
  }
  if (curve.back() < level) {
    return Crossing{
        dampings.back(),
        absl::StrFormat("the indicator reaches only %.2f at the greatest damping of the grid",
                        curve.back())};
  }
  for (size_t i = curve.size() - 1; i > 0; --i) {
    if (curve[i - 1] >= level) continue;
    const double share = (level - curve[i - 1]) / (curve[i] - curve[i - 1]);
    const double log_value =
        std::log(dampings[i - 1].value) * (1 - share) + std::log(dampings[i].value) * share;
    return Crossing{{std::exp(log_value), dampings[i].unit}, ""};
  }
  return Crossing{dampings.front(),
                  absl::StrFormat("the indicator is %.2f already at the least damping of the grid",
                                  curve.front())};
}

}  // namespace attribench
