// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/share_interval.h"

#include <cstddef>

#include "evaluators/statistics/two_way_bootstrap.h"

namespace attribench {

std::optional<std::pair<double, double>> ShareInterval(const ResampledValue& part,
                                                       const ResampledValue& whole) {
  std::vector<double> shares;
  for (size_t i = 0; i < whole.deviations.size(); ++i) {
    const double denominator = whole.value + whole.deviations[i];
    if (!(denominator > 0)) return std::nullopt;
    shares.push_back((part.value + part.deviations[i]) / denominator);
  }
  return PercentileInterval(std::move(shares));
}

}  // namespace attribench
