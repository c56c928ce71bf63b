// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/recorded_lds.h"

#include <cmath>
#include <numeric>

#include "ATen/ATen.h"
#include "evaluators/metrics/linear_datamodeling_score.h"
#include "evaluators/replay/recorded_made_up.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr DampingUnit kUnit = RELATIVE_TO_MEAN_EIGENVALUE;

class RecordedLdsTest : public testing::Test {
 protected:
  SettingRecord Record() {
    made_up_.fitted().broken_at = 1000;
    return made_up_.Record();
  }

  RecordedMadeUp made_up_;
  SettingRecord setting_ = Record();
  TuningRecord& record_ = setting_.methods.at("made_up");
};

// The metric of results, on the sums themselves and on the outputs of both seeds.
TEST_F(RecordedLdsTest, IsTheMetricOfResultsAtThePointsOfTheGrid) {
  CostLedger nobody;
  for (const BlockKind kind : {BlockKind::kTuning, BlockKind::kReporting}) {
    const EvaluationBlocks& blocks = made_up_.blocks();
    const auto metric =
        MakeLdsMetric("lds", made_up_.truth().negative_loss,
                      kind == BlockKind::kTuning ? blocks.tuning : blocks.reporting);
    RecordedLds recorded(record_, kind);
    constexpr double tolerance = 1e-12;
    for (const double value : {.01, 1., 100.}) {
      const auto here = recorded.At({value, kUnit});
      ASSERT_TRUE(here.ok()) << here.status();
      const auto expected = metric->Measure(
          {made_up_.Sources().sweep.Sums({value, kUnit}, nobody).value()->subset_scores, nullptr});
      ASSERT_TRUE(expected.ok()) << expected.status();
      EXPECT_FALSE(here->interpolated);
      EXPECT_NEAR(here->value, expected->estimate.value, tolerance);
      ASSERT_EQ(here->effects.subsets.size(), expected->per_subset.size());
      for (size_t s = 0; s < here->effects.subsets.size(); ++s) {
        EXPECT_NEAR(here->effects.subsets[s], expected->per_subset[s], tolerance);
      }
      for (size_t t = 0; t < here->effects.tests.size(); ++t) {
        EXPECT_NEAR(here->value + here->effects.tests[t], expected->per_unit[t], tolerance);
      }
    }
  }
}

// A quarter of the way from 1 to 10 in log damping.
TEST_F(RecordedLdsTest, IsInterpolatedInLogDampingBetweenPoints) {
  RecordedLds recorded(record_, BlockKind::kReporting);
  const LdsAtDamping below = *recorded.At({1, kUnit}), above = *recorded.At({10, kUnit});
  const auto between = recorded.At({std::pow(10, .25), kUnit});
  ASSERT_TRUE(between.ok()) << between.status();
  EXPECT_TRUE(between->interpolated);
  EXPECT_NEAR(between->value, .75 * below.value + .25 * above.value, 1e-12);
  for (size_t s = 0; s < between->effects.subsets.size(); ++s) {
    EXPECT_NEAR(between->effects.subsets[s],
                .75 * below.effects.subsets[s] + .25 * above.effects.subsets[s], 1e-12);
  }
  const auto& tests = between->effects.tests;
  EXPECT_NEAR(std::accumulate(tests.begin(), tests.end(), 0.0), 0, 1e-12);
}

TEST_F(RecordedLdsTest, TakesAbsoluteDampingsInTheUnitOfTheGrid) {
  for (size_t i = 0; i < record_.grid.size(); ++i) {
    record_.absolute_dampings[i] = .25 * record_.grid[i].value;
  }
  RecordedLds recorded(record_, BlockKind::kReporting);
  EXPECT_EQ(recorded.At({.25 * 10, ABSOLUTE})->value, recorded.At({10, kUnit})->value);
  EXPECT_NEAR(recorded.At({.25 * 3, ABSOLUTE})->value, recorded.At({3, kUnit})->value, 1e-12);
  EXPECT_TRUE(absl::IsUnimplemented(recorded.At({1e4, ABSOLUTE}).status()));
}

TEST_F(RecordedLdsTest, SaysWhyThereIsNone) {
  RecordedLds recorded(record_, BlockKind::kReporting);
  EXPECT_EQ(recorded.At({1e4, kUnit}).status(),
            absl::UnimplementedError(
                "damping 1e+04 x mean eigenvalue is not within the recorded grid of made_up, which "
                "goes from 0 x mean eigenvalue to 1000 x mean eigenvalue"));
  record_.absolute_dampings.assign(record_.grid.size(), std::nan(""));
  EXPECT_TRUE(absl::IsUnimplemented(recorded.At({1, ABSOLUTE}).status()));
  EXPECT_TRUE(absl::IsUnimplemented(recorded.At({.001, kUnit}).status())) << "0 has no logarithm";
  EXPECT_TRUE(absl::IsDataLoss(recorded.At({1000, kUnit}).status()));
  EXPECT_EQ(recorded.At({500, kUnit}).status(), recorded.At({1000, kUnit}).status());
}

}  // namespace
}  // namespace attribench
