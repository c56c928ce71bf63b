// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/rank_correlation.h"

#include <cmath>

#include "datasets/random_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;

// Spearman's correlation by another road: a rank is half a count of pairs, so the covariance of
// ranks is a sum of signs over pairs of pairs, exact in integers.
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

TEST(AverageRanksTest, TiesShareTheMeanOfTheirRanks) {
  EXPECT_THAT(AverageRanks({10, 30, 20, 30, 30, 10}), ElementsAre(1.5, 5, 3, 5, 5, 1.5));
}

TEST(SpearmanTest, ByHand) {
  // Ranks 1 2 3 4 against 2 1 4 3: 1 - 6 (1 + 1 + 1 + 1) / (4 (16 - 1)).
  EXPECT_NEAR(*Spearman({1, 2, 3, 4}, {20, 10, 40, 30}), 0.6, 1e-15);
  EXPECT_NEAR(*Spearman({1, 2, 3}, {5, 50, 500}), 1, 1e-15);
  EXPECT_NEAR(*Spearman({1, 2, 3}, {3, 2, 1}), -1, 1e-15);
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
    const double expected = SpearmanBySigns(x, y);
    EXPECT_NEAR(*Spearman(x, y), expected, 1e-9);
    EXPECT_NEAR(ResampledSpearman::Make(x, y)->Correlation(std::vector<double>(40, 1)), expected,
                1e-9);
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
  EXPECT_NEAR(ResampledSpearman::Make(x, y)->Correlation(weights), SpearmanBySigns(many_x, many_y),
              1e-9);
}

TEST(SpearmanTest, WhereThereIsNoNumberThereIsAStatus) {
  EXPECT_EQ(Spearman({1, 1, 1}, {1, 2, 3}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Spearman({1, 2, 3}, {4, 4, 4}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Spearman({1, std::nan(""), 3}, {1, 2, 3}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Pearson({1, 2, INFINITY}, {1, 2, 3}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Spearman({1, 2}, {1, 2, 3}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PearsonTest, ByHand) {
  // Deviations -1 0 1 and -2 1 1: 3 / sqrt(2 x 6).
  EXPECT_NEAR(*Pearson({1, 2, 3}, {0, 3, 3}), 3 / std::sqrt(12.0), 1e-15);
}

}  // namespace
}  // namespace attribench
