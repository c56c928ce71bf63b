// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/mislabelled_auc.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <set>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// Self-influences of all training examples, and which of them the metric asked for.
struct SelfScores {
  explicit SelfScores(const at::Tensor& values) : all(values) {}

  MeasuredScores Measured() {
    MeasuredScores scores;
    scores.self_scores = [this](const at::Tensor& examples) -> absl::StatusOr<at::Tensor> {
      asked = examples;
      return all.index_select(0, examples);
    };
    return scores;
  }

  at::Tensor all, asked;
};

TEST(MislabelledAucTest, ByHand) {
  // Wrong: 5, 2, 3. Right: 1, 4, 2. Above: 5 of all three, 3 of 1 and 2, and 2 of 1 and half of 2.
  SelfScores scores(at::tensor({5., 1., 2., 4., 2., 3.}, at::kDouble));
  const auto metric = MakeMislabelledAuc(at::tensor({1, 0, 1, 0, 0, 1}, at::kLong).to(at::kBool));
  const auto auc = metric->Measure(scores.Measured());
  ASSERT_TRUE(auc.ok()) << auc.status();
  EXPECT_NEAR(auc->estimate.value, (3 + 1.5 + 2) / 9, 1e-15);
  ASSERT_EQ(auc->per_unit.size(), 3u);
  EXPECT_NEAR(auc->per_unit[0], 1, 1e-15);
  EXPECT_NEAR(auc->per_unit[1], .5, 1e-15);
  EXPECT_NEAR(auc->per_unit[2], 2 / 3., 1e-15);
  EXPECT_TRUE(auc->per_subset.empty());
}

TEST(MislabelledAucTest, TiesAreOneHalf) {
  SelfScores scores(at::ones({40}, at::kDouble).add(at::rand({40}, at::kDouble), 1e-8));
  const auto auc = MakeMislabelledAuc(at::arange(40).lt(10))->Measure(scores.Measured());
  ASSERT_TRUE(auc.ok()) << auc.status();
  EXPECT_EQ(auc->estimate.value, .5);
}

TEST(MislabelledAucTest, LooksAtAtMost500OfAKind) {
  SelfScores scores(at::arange(3000, at::kDouble));
  const at::Tensor mislabelled = at::arange(3000).lt(700);
  ASSERT_TRUE(MakeMislabelledAuc(mislabelled)->Measure(scores.Measured()).ok());
  ASSERT_EQ(scores.asked.size(0), 1000);
  EXPECT_EQ(mislabelled.index_select(0, scores.asked).sum().item<int64_t>(), 500);
  const at::Tensor asked = scores.asked.contiguous();
  const std::set<int64_t> different(asked.data_ptr<int64_t>(), asked.data_ptr<int64_t>() + 1000);
  EXPECT_EQ(different.size(), 1000u);
}

// Scores of both kinds are normal, one apart: the AUC is Phi(1 / sqrt(2)).
TEST(MislabelledAucTest, IntervalsCoverTheTruth) {
  const double truth = .5 * std::erfc(-.5);
  constexpr int kDraws = 300;
  int covered = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    RandomStream stream(draw, "auc");
    const at::Tensor values = at::empty({400}, at::kDouble);
    for (int64_t i = 0; i < 400; ++i) values[i] = stream.Gaussian() + (i < 60 ? 1 : 0);
    SelfScores scores(values);
    const auto auc = MakeMislabelledAuc(at::arange(400).lt(60))->Measure(scores.Measured());
    ASSERT_TRUE(auc.ok()) << auc.status();
    covered += auc->estimate.low <= truth && truth <= auc->estimate.high;
  }
  std::printf("95%% intervals cover the truth in %.1f%% of %d samples\n", 100. * covered / kDraws,
              kDraws);
  EXPECT_GE(covered, .915 * kDraws);
  EXPECT_LE(covered, .985 * kDraws);
}

TEST(MislabelledAucTest, WhatHasNoNumberIsAStatus) {
  const auto metric = MakeMislabelledAuc(at::arange(6).lt(2));
  EXPECT_EQ(metric->Measure({}).status().code(), absl::StatusCode::kUnimplemented);
  at::Tensor values = at::ones({6}, at::kDouble);
  values[4] = std::numeric_limits<double>::quiet_NaN();
  SelfScores scores(values);
  EXPECT_EQ(metric->Measure(scores.Measured()).status().message(),
            "training example 4: its score for itself is nan");
}

}  // namespace
}  // namespace attribench
