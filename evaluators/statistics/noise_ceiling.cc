// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/noise_ceiling.h"

#include <cmath>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "evaluators/statistics/column_correlations.h"
#include "evaluators/statistics/two_way_bootstrap.h"

namespace attribench {

absl::StatusOr<Estimate> NoiseCeiling(const at::Tensor& outputs, int64_t resamples, uint64_t seed) {
  const int64_t seeds = outputs.size(1);
  if (seeds < 2) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a noise ceiling needs at least 2 seeds of each subset; this ground truth has ", seeds));
  }
  std::vector<std::vector<ResampledSpearman>> pairs;
  for (int64_t a = 0; a < seeds; ++a) {
    for (int64_t b = a + 1; b < seeds; ++b) {
      auto correlations = CorrelateColumns(outputs.select(1, a), outputs.select(1, b));
      if (!correlations.ok()) return correlations.status();
      pairs.push_back(*std::move(correlations));
    }
  }
  const auto ceilings = [&](const std::vector<double>& counts) {
    std::vector<double> values(outputs.size(2));
    for (size_t t = 0; t < values.size(); ++t) {
      double r = 0;
      for (const auto& correlations : pairs)
        r += correlations[t].Correlation(counts) / pairs.size();
      values[t] = r <= 0 ? 0 : std::sqrt(seeds * r / (1 + (seeds - 1) * r));
    }
    return values;
  };
  return TwoWayBootstrap(outputs.size(0), outputs.size(2), resamples, seed, ceilings);
}

}  // namespace attribench
