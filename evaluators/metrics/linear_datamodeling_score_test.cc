// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/linear_datamodeling_score.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

at::Tensor Column(std::vector<double> values) {
  return at::tensor(values, at::kDouble).unsqueeze(1);
}

TEST(LdsTest, ByHand) {
  // Test example 0: ranks 1 2 3 4 against 2 1 4 3, .6. Test example 1: reversed, -1.
  const at::Tensor predicted = at::cat({Column({1, 2, 3, 4}), Column({4, 3, 2, 1})}, 1);
  const at::Tensor outputs = at::cat({Column({-4, -5, -1, -2}), Column({0, 1, 2, 3})}, 1);
  const std::vector<double> per_test = *LdsPerTest(predicted, outputs);
  ASSERT_EQ(per_test.size(), 2);
  EXPECT_NEAR(per_test[0], 0.6, 1e-15);
  EXPECT_NEAR(per_test[1], -1, 1e-15);
  EXPECT_NEAR(*MeanLds(predicted, outputs), -0.2, 1e-15);
  const Measurement lds = *LinearDatamodelingScore(predicted, outputs);
  EXPECT_NEAR(lds.estimate.value, -0.2, 1e-15);
  EXPECT_EQ(lds.per_unit, per_test);
  EXPECT_EQ(lds.per_subset.size(), 4);
}

TEST(LdsTest, OneBadTestExampleIsAStatusThatNamesIt) {
  const at::Tensor outputs = at::cat({Column({1, 2, 3}), Column({3, 1, 2})}, 1);
  const at::Tensor constant = at::cat({Column({1, 2, 3}), Column({7, 7, 7})}, 1);
  const at::Tensor nan = at::cat({Column({1, 2, 3}), Column({7, std::nan(""), 8})}, 1);
  for (const at::Tensor& predicted : {constant, nan}) {
    for (const absl::Status& status : {LdsPerTest(predicted, outputs).status(),
                                       LinearDatamodelingScore(predicted, outputs).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
      EXPECT_TRUE(absl::StrContains(std::string(status.message()), "test example 1")) << status;
    }
  }
  EXPECT_EQ(LdsPerTest(outputs, outputs.slice(0, 1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// A subset s has a latent vector z_s, a test example t has weights w_t. The predicted output is
// w_t . z_s, the retrained output is the same plus noise. For a given t both are normal, so the
// population's Spearman correlation is 6/pi asin(r/2) (Pearson, 1907) with
// r = |w_t| / sqrt(|w_t|^2 + noise^2).
struct Population {
  double noise = 1;

  static std::vector<double> Weights(RandomStream& stream) {
    return {stream.Gaussian() + 0.5, stream.Gaussian(), stream.Gaussian()};
  }

  double Lds() const {
    RandomStream stream(99, "population");
    double sum = 0;
    constexpr int kDraws = 100000;
    for (int i = 0; i < kDraws; ++i) {
      const std::vector<double> w = Weights(stream);
      const double signal = w[0] * w[0] + w[1] * w[1] + w[2] * w[2];
      sum += 6 / M_PI * std::asin(std::sqrt(signal / (signal + noise * noise)) / 2);
    }
    return sum / kDraws;
  }

  void Draw(uint64_t seed, int64_t subsets, int64_t tests, int64_t seeds, at::Tensor* predicted,
            at::Tensor* outputs) const {
    RandomStream stream(seed, "sample");
    const at::Tensor z = at::empty({subsets, 3}, at::kDouble),
                     w = at::empty({tests, 3}, at::kDouble);
    for (int64_t i = 0; i < z.numel(); ++i) z.data_ptr<double>()[i] = stream.Gaussian();
    for (int64_t t = 0; t < tests; ++t) w[t].copy_(at::tensor(Weights(stream), at::kDouble));
    *predicted = at::matmul(z, w.t());
    at::Tensor errors = at::empty({subsets, seeds, tests}, at::kDouble);
    for (int64_t i = 0; i < errors.numel(); ++i)
      errors.data_ptr<double>()[i] = noise * stream.Gaussian();
    *outputs = predicted->unsqueeze(1).add(errors);
  }
};

// With noise 10, 1 and .1 the population's LDS is .16, .80 and .995; scores of noise have 0. Near
// 1, samples lie below it. 400 samples know a rate of 95% to 1.1%: the bounds are 93% and 97% and
// two of these standard errors. Near 1 the interval is widened to include the estimate, so it may
// cover more.
TEST(IntervalTest, CoversThePopulationsValueAsOftenAsItSays) {
  constexpr int kSamples = 400;
  for (const int64_t subsets : {25, 50}) {
    for (const double noise : {0., 10., 1., .1}) {  // 0: scores of noise
      Population population;
      population.noise = noise == 0 ? 1 : noise;
      const double truth = noise == 0 ? 0 : population.Lds();
      double covered = 0;
      for (int sample = 0; sample < kSamples; ++sample) {
        at::Tensor predicted, outputs, unrelated;
        population.Draw(sample, subsets, 60, 1, &predicted, &outputs);
        if (noise == 0) population.Draw(kSamples + sample, subsets, 60, 1, &predicted, &unrelated);
        const Estimate lds = LinearDatamodelingScore(predicted, outputs.squeeze(1))->estimate;
        EXPECT_LE(lds.low, lds.value);
        EXPECT_GE(lds.high, lds.value);
        covered += lds.low <= truth && truth <= lds.high ? 1. / kSamples : 0;
      }
      std::printf("%d subsets, LDS %.3f: covered %.4f\n", static_cast<int>(subsets), truth,
                  covered);
      EXPECT_GE(covered, .93 - .022) << truth;
      EXPECT_LE(covered, truth > .99 ? 1 : .97 + .022) << truth;
    }
  }
}

// Two retrained models of each of four subsets, for two test examples. Only subsets 0, 1, 3 and
// test example 1 are in the block.
class LdsMetricTest : public testing::Test {
 protected:
  LdsMetricTest() {
    outputs_ = at::zeros({4, 2, 2}, at::kFloat);
    const std::vector<std::vector<float>> seeds = {{1, 5, 99, 3}, {3, 1, 99, 5}};  // means 2 3 99 4
    for (int64_t s = 0; s < 2; ++s) {
      outputs_.select(1, s).select(1, 1).copy_(at::tensor(seeds[s]));
    }
  }

  std::unique_ptr<Metric> Make() const { return MakeLdsMetric("lds", outputs_, {{0, 1, 3}, {1}}); }

  static MeasuredScores Scores(std::vector<double> of_test_1) {
    return {at::cat({at::zeros({4, 1}, at::kDouble), Column(std::move(of_test_1))}, 1), nullptr};
  }

  at::Tensor outputs_;  // [m, s, t]
};

TEST_F(LdsMetricTest, MeasuresItsBlockAlone) {
  const std::unique_ptr<Metric> lds = Make();
  EXPECT_EQ(lds->name(), "lds");
  EXPECT_EQ(lds->unit(), "test example");
  EXPECT_TRUE(lds->IsBetter(.5, .4));
  EXPECT_FALSE(lds->IsBetter(.4, .4));
  // Ranks 1 2 3 against 2 1 3: 1 - 6 (1 + 1) / (3 (9 - 1)) = .5. Subset 2 would change that.
  const MeasuredScores scores = Scores({20, 10, -1e9, 30});
  const absl::StatusOr<Measurement> measured = lds->Measure(scores);
  ASSERT_TRUE(measured.ok()) << measured.status();
  ASSERT_EQ(measured->per_unit.size(), 1);
  EXPECT_NEAR(measured->per_unit[0], .5, 1e-15);
  EXPECT_NEAR(measured->estimate.value, .5, 1e-15);
  EXPECT_LT(measured->estimate.low, measured->estimate.high);
}

TEST_F(LdsMetricTest, ConstantScoresHaveNoValue) {
  for (const double other : {1.0, 1 + 1e-8}) {  // the second is constant but for rounding
    const absl::Status status = Make()->Measure(Scores({1, other, 2, 1})).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(status.message(), "test example 1: its summed scores are the same for all 3 subsets");
  }
}

TEST_F(LdsMetricTest, TheCeilingNeedsTwoSeeds) {
  // The seeds' ranks, 1 3 2 and 2 1 3, correlate by 1 - 6 (1 + 4 + 1) / (3 (9 - 1)) = -.5.
  ASSERT_TRUE(Make()->Ceiling().has_value());
  EXPECT_EQ(Make()->Ceiling()->value, 0);
  outputs_ = outputs_.slice(1, 0, 1);
  EXPECT_FALSE(Make()->Ceiling().has_value());
}

}  // namespace
}  // namespace attribench
