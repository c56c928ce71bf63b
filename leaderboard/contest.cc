// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/contest.h"

#include <algorithm>
#include <cmath>

#include "evaluators/statistics/share_interval.h"
#include "leaderboard/headline.h"

namespace attribench {
namespace {

// A difference with a smaller spread is the same in every resample but for rounding.
constexpr double kNoSpread = 1e-12;
constexpr double kNormalQuantile = 1.959963984540054;  // 97.5%

double StandardDeviation(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = a[i] - b[i];
    sum += difference;
    squares += difference * difference;
  }
  const auto n = static_cast<double>(a.size());
  return std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)));
}

double Quantile95(std::vector<double> values) {
  const size_t place = values.size() * 95 / 100;
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(place), values.end());
  return values[place];
}

}  // namespace

Contest::Contest(std::vector<Contestant> contestants, Direction direction)
    : contestants_(std::move(contestants)), direction_(direction) {
  if (contestants_.empty()) return;
  const TwoWayEffects& effects = contestants_[0].effects;
  const auto& bootstrap = TwoWayBootstrap::Of(static_cast<int>(effects.subsets.size()),
                                              static_cast<int>(effects.tests.size()));
  for (const Contestant& contestant : contestants_) {
    deviations_.push_back(bootstrap.Deviations(contestant.effects));
  }
  CompareAllPairs();
}

void Contest::CompareAllPairs() {
  const size_t n = contestants_.size();
  spread_.assign(n, std::vector<double>(n, 0.0));
  for (size_t a = 0; a < n; ++a) {
    for (size_t b = 0; b < a; ++b) {
      spread_[a][b] = spread_[b][a] = StandardDeviation(deviations_[a], deviations_[b]);
    }
  }
  for (size_t a = 0; a < n; ++a) {
    std::vector<double> greatest(TwoWayBootstrap::kResamples, 0.0);
    for (size_t b = 0; b < n; ++b) {
      if (spread_[a][b] < kNoSpread) continue;
      for (size_t i = 0; i < greatest.size(); ++i) {
        const double deviation = std::abs(deviations_[a][i] - deviations_[b][i]);
        greatest[i] = std::max(greatest[i], deviation / spread_[a][b]);
      }
    }
    critical_.push_back(Quantile95(std::move(greatest)));
  }
}

double Contest::Lead(size_t a, size_t b) const {
  const double difference = contestants_[a].value - contestants_[b].value;
  return direction_ == LOWER_IS_BETTER ? -difference : difference;
}

bool Contest::StandsAbove(size_t a, size_t b) const {
  return Lead(a, b) > std::max(critical_[a], critical_[b]) * spread_[a][b] + kNoSpread;
}

bool Contest::ClearlyBetter(size_t a, size_t b) const {
  std::vector<double> leads;
  for (int i = 0; i < TwoWayBootstrap::kResamples; ++i) {
    const double deviation = deviations_[a][i] - deviations_[b][i];
    leads.push_back(Lead(a, b) + (direction_ == LOWER_IS_BETTER ? -deviation : deviation));
  }
  return PercentileInterval(std::move(leads)).first > kNoSpread;
}

std::optional<std::pair<double, double>> Contest::ShareInterval(size_t a, size_t b) const {
  const size_t part = direction_ == LOWER_IS_BETTER ? b : a;
  const size_t whole = direction_ == LOWER_IS_BETTER ? a : b;
  return attribench::ShareInterval({contestants_[part].value, deviations_[part]},
                                   {contestants_[whole].value, deviations_[whole]});
}

std::optional<std::pair<double, double>> Contest::MedianShareInterval(
    const std::vector<std::pair<size_t, size_t>>& pairs) const {
  if (pairs.empty()) return std::nullopt;
  std::vector<double> medians;
  for (int i = 0; i < TwoWayBootstrap::kResamples; ++i) {
    std::vector<double> shares;
    for (const auto& [a, b] : pairs) {
      const double of_a = contestants_[a].value + deviations_[a][i];
      const double of_b = contestants_[b].value + deviations_[b][i];
      const double part = direction_ == LOWER_IS_BETTER ? of_b : of_a;
      const double whole = direction_ == LOWER_IS_BETTER ? of_a : of_b;
      if (!(whole > 0)) return std::nullopt;
      shares.push_back(part / whole);
    }
    medians.push_back(*Median(std::move(shares)));
  }
  return PercentileInterval(std::move(medians));
}

std::vector<Rank> Contest::Ranks() const {
  const int n = static_cast<int>(contestants_.size());
  std::vector<Rank> ranks(contestants_.size(), Rank{1, n});
  for (size_t a = 0; a < ranks.size(); ++a) {
    for (size_t b = 0; b < ranks.size(); ++b) {
      if (a == b || !StandsAbove(a, b)) continue;
      ++ranks[b].low;
      --ranks[a].high;
    }
  }
  return ranks;
}

int Contest::PairsToldApart() const {
  int pairs = 0;
  for (size_t a = 0; a < contestants_.size(); ++a) {
    for (size_t b = 0; b < contestants_.size(); ++b) pairs += a != b && StandsAbove(a, b) ? 1 : 0;
  }
  return pairs;
}

std::optional<double> Contest::ResolutionFloor() const {
  std::vector<double> widths;
  for (size_t a = 0; a < contestants_.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      if (contestants_[a].method == contestants_[b].method) continue;
      widths.push_back(kNormalQuantile * spread_[a][b]);
    }
  }
  if (widths.empty()) return std::nullopt;
  const auto middle = widths.begin() + static_cast<int64_t>(widths.size() / 2);
  std::nth_element(widths.begin(), middle, widths.end());
  return *middle;
}

}  // namespace attribench
