// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/method_replay.h"

#include <stdexcept>

#include "evaluators/replay/recorded_made_up.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr DampingUnit kUnit = RELATIVE_TO_MEAN_EIGENVALUE;

// Takes a damping. Before, it looks at the LDS of some subsets there, if asked to.
class Takes : public Tuner {
 public:
  Takes(double value, int64_t subsets) : damping_{value, kUnit}, subsets_(subsets) {}
  TunerKind kind() const override { return TunerKind::kSearch; }
  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    if (damping_.value == 7) throw std::runtime_error("a shape is wrong");
    if (subsets_ > 0) {
      const auto lds = problem.Lds(damping_, subsets_);
      if (!lds.ok()) return lds.status();
    }
    return TunedPoint{damping_, "", {}};
  }

 private:
  const Damping damping_;
  const int64_t subsets_;
};

class MethodReplayTest : public testing::Test {
 protected:
  RecordedMadeUp made_up_;
  const SettingRecord setting_ = made_up_.Record();
  const MethodReplay replay_{setting_.methods.at("made_up"), BlockKind::kReporting};
};

TEST_F(MethodReplayTest, ATunerThatLookedPaysForTheScoresOfTheSweep) {
  const ReplayedChoice looked = replay_.Choose(Takes(1, 12)),
                       not_looked = replay_.Choose(Takes(1, 0));
  EXPECT_EQ(looked.cost.retrainings, 12);
  EXPECT_EQ(looked.cost.flops, 12e6 + 9000 + 1000 - 50);
  EXPECT_GT(looked.cost.cpu_seconds, 23.9);
  EXPECT_EQ(not_looked.cost.flops, 0);
  EXPECT_EQ(looked.lds->value, not_looked.lds->value);
}

TEST_F(MethodReplayTest, SharesAreOfLdsAndCost) {
  const ReplayedChoice search = replay_.Choose(Takes(1, 12)),
                       choice = replay_.Choose(Takes(100, 6));
  const ShareOfSearch own = Compare(search, search);
  EXPECT_EQ(own.lds, 1);
  ASSERT_TRUE(own.interval.has_value());
  EXPECT_DOUBLE_EQ(own.interval->first, 1);
  EXPECT_DOUBLE_EQ(own.interval->second, 1);
  const ShareOfSearch share = Compare(choice, search);
  EXPECT_DOUBLE_EQ(*share.lds, choice.lds->value / search.lds->value);
  EXPECT_LT(*share.lds, 1);
  EXPECT_LT(share.interval->first, *share.lds);
  EXPECT_GT(share.interval->second, *share.lds);
  EXPECT_DOUBLE_EQ(*share.flops, (6e6 + 9950) / (12e6 + 9950));
  EXPECT_NEAR(*share.cpu, .5, .01);
}

TEST_F(MethodReplayTest, FailuresAreStatuses) {
  const ReplayedChoice search = replay_.Choose(Takes(1, 12)), throws = replay_.Choose(Takes(7, 0)),
                       outside = replay_.Choose(Takes(1e6, 0)),
                       cannot = replay_.Choose(Takes(.5, 5));
  EXPECT_EQ(throws.tuned.status().message(), "tuning: a shape is wrong");
  EXPECT_EQ(throws.lds.status(), throws.tuned.status());
  EXPECT_TRUE(outside.tuned.ok());
  EXPECT_TRUE(absl::IsUnimplemented(outside.lds.status()));
  EXPECT_TRUE(absl::IsUnimplemented(cannot.tuned.status()));
  EXPECT_FALSE(Compare(throws, search).flops.has_value());
  EXPECT_FALSE(Compare(search, throws).lds.has_value());
  EXPECT_FALSE(Compare(outside, search).lds.has_value());
  EXPECT_EQ(Compare(outside, search).flops, 0);
}

}  // namespace
}  // namespace attribench
