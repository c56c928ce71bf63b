// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/rank_correlation.h"

#include <cmath>

#include "absl/status/statusor.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// An independent formula for Spearman's correlation. A rank is half a count of pairs, so the
// covariance of ranks is a sum of signs over pairs of pairs, which integers hold exactly.
double SpearmanBySigns(const std::vector<double>& x, const std::vector<double>& y) {
  const auto sign = [](double a, double b) { return (a > b) - (a < b); };
  const int n = static_cast<int>(x.size());
  const auto covariance = [&](const std::vector<double>& a, const std::vector<double>& b) {
    long long sum = 0;
    for (int i = 0; i < n; ++i) {
      long long below_a = 0, below_b = 0;
      for (int j = 0; j < n; ++j) {
        below_a += sign(a[i], a[j]);
        below_b += sign(b[i], b[j]);
      }
      sum += below_a * below_b;
    }
    return static_cast<double>(sum);
  };
  return covariance(x, y) / std::sqrt(covariance(x, x) * covariance(y, y));
}

absl::StatusOr<double> Spearman(const std::vector<double>& x, const std::vector<double>& y) {
  const absl::StatusOr<ResampledCorrelation> correlation = ResampledCorrelation::Make(x, y);
  if (!correlation.ok()) return correlation.status();
  return correlation->Correlation(std::vector<double>(x.size(), 1));
}

TEST(SpearmanTest, ByHand) {
  // Ranks 1 2 3 4 against 2 1 4 3: 1 - 6 (1 + 1 + 1 + 1) / (4 (16 - 1)).
  EXPECT_NEAR(*Spearman({1, 2, 3, 4}, {20, 10, 40, 30}), 0.6, 1e-15);
  EXPECT_NEAR(*Spearman({1, 2, 3}, {5, 50, 500}), 1, 1e-15);
  EXPECT_NEAR(*Spearman({1, 2, 3}, {3, 2, 1}), -1, 1e-15);
}

// Ranks with ties: 1.5 5 3 5 5 1.5 and 2 2 2 5 5 5, both of mean 3.5. Deviations -2 1.5 -.5 1.5 1.5
// -2 and -1.5 -1.5 -1.5 1.5 1.5 1.5 give 3 / sqrt(15 x 13.5).
TEST(SpearmanTest, TiesShareTheMeanOfTheirRanks) {
  EXPECT_NEAR(*Spearman({10, 30, 20, 30, 30, 10}, {0, 0, 0, 1, 1, 1}), 3 / std::sqrt(15 * 13.5),
              1e-15);
}

// Deviations -3 -1 1 3 and -1 0 2 -1: (3 + 0 + 2 - 3) / sqrt(20 x 6).
TEST(PearsonTest, ByHand) {
  const auto pearson =
      ResampledCorrelation::Make({-3, -1, 1, 3}, {4, 5, 7, 4}, CorrelationKind::kPearson);
  ASSERT_TRUE(pearson.ok()) << pearson.status();
  EXPECT_NEAR(pearson->Correlation({1, 1, 1, 1}), 2 / std::sqrt(20 * 6.), 1e-15);
  // Without the last pair: deviations -2 0 2 and -4/3 -1/3 5/3.
  EXPECT_NEAR(pearson->Correlation({1, 1, 1, 0}), 6 / std::sqrt(8 * 42 / 9.), 1e-15);
}

TEST(SpearmanTest, AgreesWithCountingSignsAlsoWithTies) {
  for (int seed = 0; seed < 50; ++seed) {
    RandomStream stream(seed, "spearman");
    std::vector<double> x, y;
    const int levels = seed % 2 == 0 ? 1000000 : 4;  // odd seeds: many ties
    for (int i = 0; i < 40; ++i) {
      x.push_back(stream.Below(levels));
      y.push_back(stream.Below(levels) + 0.5 * x.back());
    }
    EXPECT_NEAR(*Spearman(x, y), SpearmanBySigns(x, y), 1e-9);
  }
}

TEST(SpearmanTest, ResamplingIsTheCorrelationOfTheMultiset) {
  RandomStream stream(3, "resampling");
  std::vector<double> x, y, weights(20), many_x, many_y;
  for (int i = 0; i < 20; ++i) {
    x.push_back(stream.Below(8));
    y.push_back(stream.Gaussian());
    weights[i] = stream.Below(4);
    for (int copy = 0; copy < weights[i]; ++copy) {
      many_x.push_back(x[i]);
      many_y.push_back(y[i]);
    }
  }
  EXPECT_NEAR(ResampledCorrelation::Make(x, y)->Correlation(weights),
              SpearmanBySigns(many_x, many_y), 1e-9);
}

TEST(SpearmanTest, ConstantOrNonFiniteValuesAreAnError) {
  EXPECT_EQ(Spearman({1, 1, 1}, {1, 2, 3}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Spearman({1, 2, 3}, {4, 4, 4}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Spearman({1, std::nan(""), 3}, {1, 2, 3}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Spearman({1, 2, INFINITY}, {1, 2, 3}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Spearman({1, 2}, {1, 2, 3}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace attribench
