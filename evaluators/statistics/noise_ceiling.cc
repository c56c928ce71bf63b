// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/noise_ceiling.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "evaluators/statistics/column_correlations.h"
#include "evaluators/statistics/two_way_bootstrap.h"
#include "evaluators/statistics/two_way_jackknife.h"

namespace attribench {
namespace {

using PerTest = std::vector<double>;

double Sum(const PerTest& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double Mean(const PerTest& values) { return Sum(values) / static_cast<double>(values.size()); }

double Variance(const PerTest& values) {
  if (values.size() < 2) return 0;
  const double mean = Mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size() - 1);
}

// The ceiling of a test example whose single seeds have this reliability.
double CeilingOf(double reliability, int64_t seeds, CorrelationKind kind) {
  const double r = std::clamp(reliability, 0.0, 1.0), s = static_cast<double>(seeds);
  const double root = std::sqrt(s * r / (1 + (s - 1) * r));
  return kind == CorrelationKind::kPearson ? root : 6 / M_PI * std::asin(root / 2);
}

// The mean ceiling. `sampling_variance` is that of a reliability in the mean over test examples.
double MeanCeiling(const PerTest& reliabilities, double sampling_variance, int64_t seeds,
                   CorrelationKind kind) {
  const double mean = Mean(reliabilities), variance = Variance(reliabilities);
  const double scale =
      variance > 0 ? std::sqrt(std::max(0.0, 1 - sampling_variance / variance)) : 0;
  double sum = 0;
  for (const double r : reliabilities) sum += CeilingOf(mean + scale * (r - mean), seeds, kind);
  return sum / static_cast<double>(reliabilities.size());
}

// (n - 1) times the amounts by which the values fall short of their mean.
PerTest JackknifeEffects(const PerTest& without) {
  const double mean = Mean(without), n = static_cast<double>(without.size());
  PerTest effects;
  for (const double value : without) effects.push_back((n - 1) * (mean - value));
  return effects;
}

// The reliability of one seed, per test example, from the subsets that `counts` holds.
class Reliabilities {
 public:
  static absl::StatusOr<Reliabilities> Make(const at::Tensor& outputs, CorrelationKind kind) {
    Reliabilities result;
    result.kind_ = kind;
    for (int64_t a = 0; a < outputs.size(1); ++a) {
      for (int64_t b = a + 1; b < outputs.size(1); ++b) {
        auto pair = CorrelateColumns(outputs.select(1, a), outputs.select(1, b), kind);
        if (!pair.ok()) return pair.status();
        result.pairs_.push_back(*std::move(pair));
      }
    }
    return result;
  }

  PerTest Of(const std::vector<double>& counts) const {
    PerTest values(pairs_[0].size(), 0.0);
    for (size_t t = 0; t < values.size(); ++t) {
      for (const auto& pair : pairs_) values[t] += pair[t].Correlation(counts);
      values[t] /= static_cast<double>(pairs_.size());
      if (kind_ == CorrelationKind::kSpearman) values[t] = 2 * std::sin(M_PI / 6 * values[t]);
    }
    return values;
  }

 private:
  CorrelationKind kind_ = CorrelationKind::kSpearman;
  std::vector<std::vector<ResampledCorrelation>> pairs_;  // by pair of seeds, then by test example
};

}  // namespace

absl::StatusOr<Estimate> NoiseCeiling(const at::Tensor& outputs, CorrelationKind kind) {
  const int64_t seeds = outputs.size(1);
  const auto m = static_cast<size_t>(outputs.size(0)), t = static_cast<size_t>(outputs.size(2));
  if (seeds < 2) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a noise ceiling needs at least 2 seeds of each subset; this ground truth has ", seeds));
  }
  if (m < 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("a noise ceiling needs at least 3 subsets; there are ", m));
  }
  const absl::StatusOr<Reliabilities> reliabilities = Reliabilities::Make(outputs, kind);
  if (!reliabilities.ok()) return reliabilities.status();
  std::vector<double> counts(m, 1.0);
  const PerTest all = reliabilities->Of(counts);
  std::vector<PerTest> without;  // without[s][t]
  for (size_t s = 0; s < m; ++s) {
    counts[s] = 0;
    without.push_back(reliabilities->Of(counts));
    counts[s] = 1;
  }
  PerTest unbiased(t), centre(t), variances(t);
  for (size_t i = 0; i < t; ++i) {
    PerTest column;
    for (size_t s = 0; s < m; ++s) column.push_back(without[s][i]);
    centre[i] = Mean(column);
    const double rest = static_cast<double>(m - 1);
    unbiased[i] = all[i] - rest * (centre[i] - all[i]);
    variances[i] = Variance(column) * rest * rest / static_cast<double>(m);
  }
  Estimate ceiling;
  ceiling.value = MeanCeiling(unbiased, Mean(variances), seeds, kind);
  PerTest without_subset, without_test;
  for (size_t s = 0; s < m; ++s) {
    PerTest rest = unbiased;
    for (size_t i = 0; i < t; ++i) rest[i] += without[s][i] - centre[i];
    without_subset.push_back(MeanCeiling(rest, Mean(variances), seeds, kind));
  }
  for (size_t i = 0; t > 1 && i < t; ++i) {
    PerTest rest = unbiased;
    rest.erase(rest.begin() + static_cast<int64_t>(i));
    const double variance = (Sum(variances) - variances[i]) / static_cast<double>(t - 1);
    without_test.push_back(MeanCeiling(rest, variance, seeds, kind));
  }
  TwoWayEffects effects = {JackknifeEffects(without_subset), JackknifeEffects(without_test)};
  const double scale = SubsetScale(all, without);
  for (double& effect : effects.subsets) effect *= scale;
  const auto& bootstrap =
      TwoWayBootstrap::Of(static_cast<int>(m), static_cast<int>(effects.tests.size()));
  const auto [low, high] = PercentileInterval(bootstrap.Deviations(effects));
  ceiling.low = std::clamp(ceiling.value + low, 0.0, ceiling.value);
  ceiling.high = std::clamp(ceiling.value + high, ceiling.value, 1.0);
  return ceiling;
}

}  // namespace attribench
