// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/linear_datamodeling_score.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "datasets/random_stream.h"
#include "evaluators/statistics/rank_correlation.h"

namespace attribench {
namespace {

// Row t of a [t, m] float64 tensor.
absl::Span<const double> Row(const at::Tensor& matrix, int64_t row) {
  const int64_t length = matrix.size(1);
  return absl::MakeConstSpan(matrix.data_ptr<double>() + row * length, length);
}

absl::StatusOr<std::vector<ResampledSpearman>> MakeResampled(const at::Tensor& x,
                                                             const at::Tensor& y) {
  if (x.dim() != 2 || x.sizes() != y.sizes()) {
    return absl::InvalidArgumentError(
        absl::StrCat("predicted and retrained outputs must both be [subsets, tests]"));
  }
  const at::Tensor a = x.to(at::kDouble).t().contiguous(), b = y.to(at::kDouble).t().contiguous();
  std::vector<ResampledSpearman> result;
  for (int64_t t = 0; t < a.size(0); ++t) {
    absl::StatusOr<ResampledSpearman> correlation = ResampledSpearman::Make(Row(a, t), Row(b, t));
    if (!correlation.ok()) {
      return absl::DataLossError(
          absl::StrCat("test example ", t, ": ", correlation.status().message()));
    }
    result.push_back(*std::move(correlation));
  }
  return result;
}

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

// `statistic` maps counts of subsets to a value per test example; the estimate is of their mean.
Estimate TwoWayBootstrap(
    int64_t num_subsets, int64_t num_tests, int64_t resamples, uint64_t seed,
    const std::function<std::vector<double>(const std::vector<double>&)>& statistic) {
  Estimate estimate;
  estimate.value =
      Mean(statistic(std::vector<double>(num_subsets, 1)), std::vector<double>(num_tests, 1));
  estimate.low = estimate.high = estimate.value;
  if (resamples < 2) return estimate;
  std::vector<double> values;
  for (int64_t b = 0; b < resamples; ++b) {
    RandomStream stream(seed, "bootstrap", {static_cast<uint64_t>(b)});
    const std::vector<double> subsets = Counts(stream, num_subsets);
    values.push_back(Mean(statistic(subsets), Counts(stream, num_tests)));
  }
  std::sort(values.begin(), values.end());
  // A sample's rank correlation errs to one side of the population's, and a resample's by as much
  // to the same side of the sample's: near 1 by more than it scatters. So what lies between
  // resample and estimate is put on the estimate's other side.
  const auto reflected = [&](double share) {
    const size_t index = std::lround(share * static_cast<double>(values.size() - 1));
    return std::clamp(2 * estimate.value - values[index], -1.0, 1.0);
  };
  estimate.low = std::min(estimate.value, reflected(.975));
  estimate.high = std::max(estimate.value, reflected(.025));
  return estimate;
}

}  // namespace

absl::StatusOr<std::vector<double>> LdsPerTest(const at::Tensor& predicted,
                                               const at::Tensor& outputs) {
  const auto correlations = MakeResampled(predicted, outputs);
  if (!correlations.ok()) return correlations.status();
  const std::vector<double> ones(predicted.size(0), 1);
  std::vector<double> result;
  for (const ResampledSpearman& correlation : *correlations)
    result.push_back(correlation.Correlation(ones));
  return result;
}

absl::StatusOr<Estimate> LinearDatamodelingScore(const at::Tensor& predicted,
                                                 const at::Tensor& outputs, int64_t resamples,
                                                 uint64_t seed) {
  const auto correlations = MakeResampled(predicted, outputs);
  if (!correlations.ok()) return correlations.status();
  const auto statistic = [&](const std::vector<double>& counts) {
    std::vector<double> values;
    for (const ResampledSpearman& correlation : *correlations)
      values.push_back(correlation.Correlation(counts));
    return values;
  };
  return TwoWayBootstrap(predicted.size(0), predicted.size(1), resamples, seed, statistic);
}

absl::StatusOr<Estimate> NoiseCeiling(const at::Tensor& outputs, int64_t resamples, uint64_t seed) {
  const int64_t seeds = outputs.size(1);
  if (seeds < 2) {
    return absl::FailedPreconditionError(
        absl::StrCat("a noise ceiling needs at least 2 seeds of each subset, there are ", seeds));
  }
  std::vector<std::vector<ResampledSpearman>> pairs;
  for (int64_t a = 0; a < seeds; ++a) {
    for (int64_t b = a + 1; b < seeds; ++b) {
      auto correlations = MakeResampled(outputs.select(1, a), outputs.select(1, b));
      if (!correlations.ok()) return correlations.status();
      pairs.push_back(*std::move(correlations));
    }
  }
  const auto statistic = [&](const std::vector<double>& counts) {
    std::vector<double> ceilings(outputs.size(2));
    for (size_t t = 0; t < ceilings.size(); ++t) {
      double r = 0;
      for (const auto& correlations : pairs)
        r += correlations[t].Correlation(counts) / pairs.size();
      ceilings[t] = r <= 0 ? 0 : std::sqrt(seeds * r / (1 + (seeds - 1) * r));
    }
    return ceilings;
  };
  return TwoWayBootstrap(outputs.size(0), outputs.size(2), resamples, seed, statistic);
}

}  // namespace attribench
