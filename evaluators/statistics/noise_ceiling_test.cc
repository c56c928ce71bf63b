// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/noise_ceiling.h"

#include <cmath>
#include <cstdio>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/random_stream.h"
#include "evaluators/metrics/linear_datamodeling_score.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

at::Tensor Column(std::vector<double> values) {
  return at::tensor(values, at::kDouble).unsqueeze(1);
}

at::Tensor Gaussian(at::IntArrayRef shape, RandomStream& stream) {
  const at::Tensor values = at::empty(shape, at::kDouble);
  for (int64_t i = 0; i < values.numel(); ++i) values.data_ptr<double>()[i] = stream.Gaussian();
  return values;
}

// m subsets with s seeds for t test examples. The expected output of a test example is w . z, where
// z is the subset's latent vector; each seed adds noise of standard deviation 2.
struct Sample {
  Sample(uint64_t seed, int64_t m, int64_t s, int64_t t) {
    RandomStream stream(seed, "sample");
    const at::Tensor subsets = Gaussian({m, 3}, stream), tests = Gaussian({t, 3}, stream);
    expected = at::matmul(subsets, tests.t());
    outputs = expected.unsqueeze(1).add(Gaussian({m, s, t}, stream).mul(2));
  }

  // Of infinitely many subsets and test examples. Given w, everything is normal, so Spearman's
  // correlation is 6 / pi asin(r / 2) with r = |w| / sqrt(|w|^2 + 4 / s) (Pearson, 1907).
  static double TrueCeiling(int64_t s) {
    RandomStream stream(99, "population");
    double sum = 0;
    constexpr int kDraws = 100000;
    for (int i = 0; i < kDraws; ++i) {
      double signal = 0;
      for (int k = 0; k < 3; ++k) {
        const double w = stream.Gaussian();
        signal += w * w;
      }
      sum += 6 / M_PI * std::asin(std::sqrt(signal / (signal + 4.0 / static_cast<double>(s))) / 2);
    }
    return sum / kDraws;
  }

  at::Tensor expected, outputs;
};

TEST(NoiseCeilingTest, IsTheLdsOfThePerfectPredictor) {
  const Sample sample(1, 200, 4, 60);
  const Estimate ceiling = *NoiseCeiling(sample.outputs);
  // Both are estimates from the same subsets and test examples; they differ by the noise of the
  // seeds, which is part of both.
  EXPECT_NEAR(ceiling.value, *MeanLds(sample.expected, sample.outputs.mean(1)), .015);
  EXPECT_LT(ceiling.low, ceiling.value);
  EXPECT_GT(ceiling.high, ceiling.value);
}

TEST(NoiseCeilingTest, ForPearsonItIsThatOfThePerfectPredictor) {
  const Sample sample(2, 200, 4, 60);
  const Estimate ceiling = *NoiseCeiling(sample.outputs, CorrelationKind::kPearson);
  const auto perfect =
      LinearDatamodelingScore(sample.expected, sample.outputs.mean(1), CorrelationKind::kPearson);
  ASSERT_TRUE(perfect.ok()) << perfect.status();
  EXPECT_NEAR(ceiling.value, perfect->estimate.value, .015);
  EXPECT_LT(ceiling.low, ceiling.value);
  EXPECT_GT(ceiling.high, ceiling.value);
}

TEST(NoiseCeilingTest, ByHandAndItsLimits) {
  // Two seeds, one test example: Spearman's correlation is .6, and .5 without any one of the four
  // subsets. On Pearson's scale they are a and b, and the jackknife takes 4 a - 3 b.
  const at::Tensor outputs = at::stack({Column({1, 2, 3, 4}), Column({20, 10, 40, 30})}, 1);
  const double a = 2 * std::sin(M_PI / 6 * .6), b = 2 * std::sin(M_PI / 6 * .5);
  const double r = 4 * a - 3 * b;
  EXPECT_NEAR(NoiseCeiling(outputs)->value, 6 / M_PI * std::asin(std::sqrt(2 * r / (1 + r)) / 2),
              1e-12);
  const at::Tensor opposed = at::stack({Column({1, 2, 3, 4}), Column({4, 3, 2, 1})}, 1);
  EXPECT_EQ(NoiseCeiling(opposed)->value, 0);
  const absl::Status one_seed = NoiseCeiling(outputs.slice(1, 0, 1)).status();
  EXPECT_EQ(one_seed.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(std::string(one_seed.message()), "at least 2")) << one_seed;
  EXPECT_EQ(NoiseCeiling(outputs.slice(0, 0, 2)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// The estimate does not move with the number of subsets, and its interval holds the truth as often
// as it says. 400 samples know a rate of 95% to 1.1%: the bounds are 93% and 97% and two of these
// standard errors. A mean over them is known to .1 / sqrt(400) = .005 at 12 subsets.
TEST(NoiseCeilingTest, IsUnbiasedAndCoversForAnyNumberOfSubsets) {
  constexpr int kSamples = 400;
  for (const int64_t seeds : {2, 5}) {
    const double truth = Sample::TrueCeiling(seeds);
    for (const int64_t subsets : {12, 25, 50}) {
      double mean = 0, covered = 0;
      for (int sample = 0; sample < kSamples; ++sample) {
        const Estimate ceiling = *NoiseCeiling(Sample(sample, subsets, seeds, 60).outputs);
        mean += ceiling.value / kSamples;
        covered += ceiling.low <= truth && truth <= ceiling.high ? 1. / kSamples : 0;
      }
      std::printf("%d seeds, %d subsets: truth %.4f, mean estimate %.4f, covered %.4f\n",
                  static_cast<int>(seeds), static_cast<int>(subsets), truth, mean, covered);
      EXPECT_NEAR(mean, truth, .015) << subsets;
      EXPECT_GE(covered, .93 - .022) << subsets;
      EXPECT_LE(covered, .97 + .022) << subsets;
    }
  }
}

}  // namespace
}  // namespace attribench
