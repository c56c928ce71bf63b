// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/two_way_bootstrap.h"

#include <algorithm>
#include <cmath>

#include "datasets/random_stream.h"

namespace attribench {
namespace {

std::vector<double> Counts(RandomStream& stream, int64_t n) {
  std::vector<double> counts(n, 0);
  for (int64_t i = 0; i < n; ++i) counts[stream.Below(n)] += 1;
  return counts;
}

double Mean(const std::vector<double>& values, const std::vector<double>& weights) {
  double sum = 0, total = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += weights[i] * values[i];
    total += weights[i];
  }
  return sum / total;
}

}  // namespace

Estimate TwoWayBootstrap(int64_t num_subsets, int64_t num_tests, int64_t resamples, uint64_t seed,
                         const ValuesPerTest& values) {
  Estimate estimate;
  estimate.value =
      Mean(values(std::vector<double>(num_subsets, 1)), std::vector<double>(num_tests, 1));
  estimate.low = estimate.high = estimate.value;
  if (resamples < 2) return estimate;
  std::vector<double> means;
  for (int64_t b = 0; b < resamples; ++b) {
    RandomStream stream(seed, "bootstrap", {static_cast<uint64_t>(b)});
    const std::vector<double> subsets = Counts(stream, num_subsets);
    means.push_back(Mean(values(subsets), Counts(stream, num_tests)));
  }
  std::sort(means.begin(), means.end());
  // The rank correlation of a sample is biased, and that of a resample is biased again in the same
  // direction by the same amount. Near 1 this bias is larger than the spread. The basic interval
  // corrects for it: it reflects the resamples at the estimate.
  const auto reflected = [&](double share) {
    const size_t index = std::lround(share * static_cast<double>(means.size() - 1));
    return std::clamp(2 * estimate.value - means[index], -1.0, 1.0);
  };
  estimate.low = std::min(estimate.value, reflected(.975));
  estimate.high = std::max(estimate.value, reflected(.025));
  return estimate;
}

}  // namespace attribench
