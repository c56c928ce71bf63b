// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/two_way_jackknife.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace attribench {
namespace {

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The jackknife's pseudo-values, and their means by subset and by test example.
struct PseudoValues {
  PseudoValues(const std::vector<double>& values, const std::vector<std::vector<double>>& without)
      : m(without.size()), t(values.size()), all(m), of_subset(m, 0.0), of_test(t, 0.0) {
    for (size_t s = 0; s < m; ++s) {
      for (size_t i = 0; i < t; ++i) {
        const double pseudo =
            static_cast<double>(m) * values[i] - static_cast<double>(m - 1) * without[s][i];
        all[s].push_back(pseudo);
        of_subset[s] += pseudo / static_cast<double>(t);
        of_test[i] += pseudo / static_cast<double>(m);
      }
    }
    mean = Mean(of_test);
  }

  // The share of the variance of `of_subset` that subsets alone have, by mean squares.
  double SubsetShare() const {
    double between = 0, within = 0;
    for (size_t s = 0; s < m; ++s) {
      const double effect = of_subset[s] - mean;
      between += effect * effect * static_cast<double>(t) / static_cast<double>(m - 1);
      for (size_t i = 0; t > 1 && i < t; ++i) {
        const double rest = all[s][i] - of_test[i] - effect;
        within += rest * rest / static_cast<double>((m - 1) * (t - 1));
      }
    }
    return between > 0 ? std::max(0.0, 1 - within / between) : 0;
  }

  size_t m, t;
  std::vector<std::vector<double>> all;  // [m][t]
  std::vector<double> of_subset, of_test;
  double mean;
};

}  // namespace

JackknifedMean TwoWayJackknife(const std::vector<double>& values,
                               const std::vector<std::vector<double>>& without) {
  const PseudoValues pseudo(values, without);
  const double scale = std::sqrt(pseudo.SubsetShare());
  JackknifedMean result{Mean(values), pseudo.mean, {}};
  for (const double value : pseudo.of_subset) {
    result.effects.subsets.push_back(scale * (value - pseudo.mean));
  }
  for (const double value : values) result.effects.tests.push_back(value - result.value);
  return result;
}

double SubsetScale(const std::vector<double>& values,
                   const std::vector<std::vector<double>>& without) {
  return std::sqrt(PseudoValues(values, without).SubsetShare());
}

}  // namespace attribench
