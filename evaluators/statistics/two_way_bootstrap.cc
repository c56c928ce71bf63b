// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/two_way_bootstrap.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <mutex>
#include <numeric>

#include "datasets/random_stream.h"

namespace attribench {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // 97.5%
constexpr uint64_t kSeed = 1;

double Stretch(int n) {
  return std::sqrt(n / (n - 1.0)) * StudentQuantile(n - 1) / kNormalQuantile;
}

// Row b of the weights: n draws of `stream`.
void Draw(RandomStream& stream, int n, float* weights) {
  if (n < 2) return;  // one alone cannot be drawn differently
  std::fill(weights, weights + n, -1.0f);
  for (int i = 0; i < n; ++i) weights[stream.Below(n)] += 1;
  const float scale = static_cast<float>(Stretch(n) / n);
  for (int i = 0; i < n; ++i) weights[i] *= scale;
}

}  // namespace

TwoWayBootstrap::TwoWayBootstrap(int num_subsets, int num_tests)
    : subset_weights_(static_cast<size_t>(kResamples) * num_subsets, 0.0f),
      test_weights_(static_cast<size_t>(kResamples) * num_tests, 0.0f) {
  for (int b = 0; b < kResamples; ++b) {
    const auto index = static_cast<uint64_t>(b);
    RandomStream subsets(kSeed, "bootstrap of subsets", {index});
    Draw(subsets, num_subsets, subset_weights_.data() + index * num_subsets);
    RandomStream tests(kSeed, "bootstrap of test examples", {index});
    Draw(tests, num_tests, test_weights_.data() + index * num_tests);
  }
}

const TwoWayBootstrap& TwoWayBootstrap::Of(int num_subsets, int num_tests) {
  static std::mutex mutex;
  static auto* const made = new std::map<std::pair<int, int>, TwoWayBootstrap>;
  const std::lock_guard<std::mutex> lock(mutex);
  return made->try_emplace({num_subsets, num_tests}, num_subsets, num_tests).first->second;
}

std::vector<double> TwoWayBootstrap::Deviations(const TwoWayEffects& effects) const {
  std::vector<double> deviations(kResamples, 0.0);
  const auto add = [&](const std::vector<double>& values, const float* weights) {
    if (values.empty()) return;
    for (double& deviation : deviations) {
      deviation += std::inner_product(values.begin(), values.end(), weights, 0.0);
      weights += values.size();
    }
  };
  add(effects.subsets, subset_weights_.data());
  add(effects.tests, test_weights_.data());
  return deviations;
}

std::pair<double, double> PercentileInterval(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t cut = values.size() / 40;  // 2.5% at each end
  return {values[cut], values[values.size() - 1 - cut]};
}

// Abramowitz and Stegun, Handbook of mathematical functions, 26.7.5; exact for 1 and 2 degrees.
double StudentQuantile(int degrees_of_freedom) {
  if (degrees_of_freedom <= 1) return std::tan(M_PI * .475);
  if (degrees_of_freedom == 2) return .95 * std::sqrt(2 / (1 - .95 * .95));
  const double x = kNormalQuantile, x2 = x * x, n = degrees_of_freedom;
  const double g1 = x * (x2 + 1) / 4;
  const double g2 = x * ((5 * x2 + 16) * x2 + 3) / 96;
  const double g3 = x * (((3 * x2 + 19) * x2 + 17) * x2 - 15) / 384;
  const double g4 = x * ((((79 * x2 + 776) * x2 + 1482) * x2 - 1920) * x2 - 945) / 92160;
  return x + g1 / n + g2 / (n * n) + g3 / (n * n * n) + g4 / (n * n * n * n);
}

}  // namespace attribench
