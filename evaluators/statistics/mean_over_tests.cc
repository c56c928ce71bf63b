// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/mean_over_tests.h"

#include <numeric>

#include "evaluators/statistics/two_way_bootstrap.h"

namespace attribench {

Estimate MeanOverTests(const std::vector<double>& values) {
  Estimate estimate;
  estimate.value =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  TwoWayEffects effects;
  for (const double value : values) effects.tests.push_back(value - estimate.value);
  constexpr int kNoSubsets = 2;  // the fewest that it takes; their effects are 0
  const auto& bootstrap = TwoWayBootstrap::Of(kNoSubsets, static_cast<int>(values.size()));
  const auto [low, high] = PercentileInterval(bootstrap.Deviations(effects));
  estimate.low = estimate.value + low;
  estimate.high = estimate.value + high;
  return estimate;
}

}  // namespace attribench
