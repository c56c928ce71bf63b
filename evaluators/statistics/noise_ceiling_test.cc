// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/noise_ceiling.h"

#include <cmath>

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

TEST(NoiseCeilingTest, IsTheLdsOfThePerfectPredictor) {
  RandomStream stream(1, "sample");
  const at::Tensor subsets = Gaussian({400, 3}, stream), tests = Gaussian({60, 3}, stream);
  const at::Tensor predicted = at::matmul(subsets, tests.t());
  const at::Tensor outputs = predicted.unsqueeze(1).add(Gaussian({400, 4, 60}, stream).mul(2));
  const Estimate ceiling = *NoiseCeiling(outputs, 50, 1);
  const Estimate perfect = *LinearDatamodelingScore(predicted, outputs.mean(1), 0, 1);
  // The formula of Spearman and Brown is for Pearson's correlation r. Spearman's, 6/pi asin(r/2),
  // differs from it by at most .018.
  EXPECT_NEAR(ceiling.value, perfect.value, 0.02);
  EXPECT_LT(ceiling.low, ceiling.value);
  EXPECT_GT(ceiling.high, ceiling.value);
}

TEST(NoiseCeilingTest, ByHandAndItsLimits) {
  // Two seeds, one test example: reliability .6, so R = 2 x .6 / 1.6 = .75.
  const at::Tensor outputs = at::stack({Column({1, 2, 3, 4}), Column({20, 10, 40, 30})}, 1);
  EXPECT_NEAR(NoiseCeiling(outputs, 0, 1)->value, std::sqrt(0.75), 1e-15);
  const at::Tensor opposed = at::stack({Column({1, 2, 3, 4}), Column({4, 3, 2, 1})}, 1);
  EXPECT_EQ(NoiseCeiling(opposed, 0, 1)->value, 0);
  const absl::Status one_seed = NoiseCeiling(outputs.slice(1, 0, 1), 0, 1).status();
  EXPECT_EQ(one_seed.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(std::string(one_seed.message()), "at least 2")) << one_seed;
}

}  // namespace
}  // namespace attribench
