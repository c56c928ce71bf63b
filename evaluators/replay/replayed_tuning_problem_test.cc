// SPDX-License-Identifier: Apache-2.0
//
// A replay against the live problem that was recorded: every tuner of the repository, on real
// methods and on a made-up one that fails in places.
#include "evaluators/replay/replayed_tuning_problem.h"

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "evaluators/replay/recorded_made_up.h"
#include "evaluators/replay/tuning_recorder.h"
#include "evaluators/tuners/live_tuning_problem.h"
#include "evaluators/tuners/tuner.h"
#include "gtest/gtest.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

std::string RecordPath() { return testing::TempDir() + "/replayed" + kRecordSuffix; }

SettingRecord ThroughAFile(const SettingRecord& record) {
  const absl::Status written = WriteRecord(RecordPath(), record);
  EXPECT_TRUE(written.ok()) << written;
  absl::StatusOr<SettingRecord> read = ReadRecord(RecordPath());
  EXPECT_TRUE(read.ok()) << read.status();
  return *std::move(read);
}

// Recorded numbers have a relative error of up to 2^-12 (Rounded); a criterion of three moments,
// and the damping between two points where it crosses its level, have a few times that.
constexpr double kTolerance = 3e-3;

struct Run {
  absl::StatusOr<TunedPoint> point;
  Cost cost;
  bool looked_at_dampings;
};

template <typename Problem>
Run Tune(const Tuner& tuner, Problem& problem) {
  absl::StatusOr<TunedPoint> point = tuner.Tune(problem);
  return {std::move(point), problem.ledger().Total(), problem.looked_at_dampings()};
}

void ExpectSame(const Run& live, const Run& replayed, const std::string& what) {
  ASSERT_EQ(live.point.status(), replayed.point.status()) << what;
  if (live.point.ok()) {
    const Damping &damping = live.point->damping, &again = replayed.point->damping;
    EXPECT_EQ(damping.unit, again.unit) << what;
    EXPECT_NEAR(damping.value, again.value, kTolerance * damping.value) << what;
    EXPECT_EQ(live.point->message, replayed.point->message) << what;
    ASSERT_EQ(live.point->criterion.size(), replayed.point->criterion.size()) << what;
    for (size_t i = 0; i < live.point->criterion.size(); ++i) {
      EXPECT_EQ(live.point->criterion[i].damping, replayed.point->criterion[i].damping);
      const double value = live.point->criterion[i].value;
      EXPECT_NEAR(value, replayed.point->criterion[i].value, kTolerance * std::abs(value) + 1e-12);
    }
  }
  EXPECT_EQ(live.looked_at_dampings, replayed.looked_at_dampings) << what;
  EXPECT_EQ(live.cost.retrainings, replayed.cost.retrainings) << what;
  EXPECT_DOUBLE_EQ(live.cost.flops, replayed.cost.flops) << what;
  EXPECT_DOUBLE_EQ(live.cost.gradient_evaluations, replayed.cost.gradient_evaluations) << what;
}

// Every registered tuner, live and replayed. Returns the number of those that chose a damping.
int CompareAllTuners(const TuningSources& sources, const EvaluationBlocks& blocks) {
  std::vector<Run> live;
  const std::vector<RegisteredTuner> tuners = *RegisteredTuners();
  for (const auto& [name, tuner] : tuners) {
    CostLedger ledger;
    LiveTuningProblem problem(sources, ledger);
    live.push_back(Tune(*tuner, problem));
  }
  SettingRecord setting;
  setting.name = "setting";
  setting.num_subsets = sources.truth.subsets.size(0);
  setting.num_tests = sources.truth.negative_loss.size(2);
  setting.methods["method"] = RecordTuning("method", sources, blocks, Cost());
  setting = ThroughAFile(setting);
  int chose = 0;
  for (size_t i = 0; i < tuners.size(); ++i) {
    CostLedger ledger;
    ReplayedTuningProblem problem(setting.methods.at("method"), ledger);
    ExpectSame(live[i], Tune(*tuners[i].tuner, problem), tuners[i].name);
    chose += live[i].point.ok() ? 1 : 0;
  }
  return chose;
}

// A method on the worked example, with retrained outputs that are drawn.
int CompareOnWorkedExample(const std::string& name,
                           const std::map<std::string, std::string>& values = {}) {
  const WorkedExample example;
  const AttributionTask task = example.Task();
  const MethodVariant variant = *FindMethodVariant(name);
  Hyperparameters hyperparameters = variant.hyperparameters;
  for (const auto& [key, value] : values) hyperparameters = *hyperparameters.With(key, value);
  const auto method = variant.method->make();
  std::set<CheckpointId> read;
  AttributionTask watched = task;
  watched.checkpoint = [&](CheckpointKind kind, int64_t index) {
    read.insert({kind, index});
    return task.checkpoint(kind, index);
  };
  CostLedger nobody;
  const auto fitted = method->Fit(watched, hyperparameters, nobody);
  EXPECT_TRUE(fitted.ok()) << fitted.status();
  GroundTruth truth;
  truth.subsets = Normal(kSubsets, task.train.size(), 1).gt(0);
  truth.negative_loss = at::matmul(truth.subsets.to(at::kDouble),
                                   (*fitted)->Scores({1, ABSOLUTE}, nobody)->to(at::kDouble))
                            .add(Normal(kSubsets, task.test.size(), 2))
                            .unsqueeze(1)
                            .to(at::kFloat);
  truth.margin = truth.negative_loss;
  const EvaluationBlocks blocks = SplitIntoBlocks(kSubsets, task.test.size());
  DampingSweep sweep = *DampingSweep::Make(**fitted, truth.subsets);
  TuningCurves curves;
  Cost retraining;
  retraining.retrainings = 1;
  retraining.flops = 1e7;
  const TuningSources sources = {
      hyperparameters,
      sweep,
      truth,
      blocks.tuning,
      retraining,
      &task,
      [&](const AttributionTask& again, const Hyperparameters& point, CostLedger& ledger) {
        return method->Fit(again, point, ledger);
      },
      {read.begin(), read.end()},
      variant.method->space.facts(),
      &curves};
  return CompareAllTuners(sources, blocks);
}

TEST(ReplayTest, EveryTunerChoosesAsItDidLiveForAMethodWithFeatures) {
  EXPECT_GE(CompareOnWorkedExample("fisher"), 12);
}

TEST(ReplayTest, EveryTunerChoosesAsItDidLiveForAnEnsemble) {
  EXPECT_GE(CompareOnWorkedExample("fisher_half", {{"checkpoints", "3"}}), 12);
}

TEST(ReplayTest, EveryTunerChoosesAsItDidLiveForAMethodThatIsFittedAgain) {
  EXPECT_GE(CompareOnWorkedExample("kfac"), 11);
}

// Sums and moments that are missing, fail or throw at some dampings, and no task.
TEST(ReplayTest, EveryTunerChoosesAsItDidLiveWhereDampingsFail) {
  for (const auto& [broken, throws] :
       {std::make_pair(-1.0, -1.0), std::make_pair(.01, -1.0), std::make_pair(1000.0, 10.0)}) {
    RecordedMadeUp made_up;
    made_up.fitted().broken_at = broken;
    made_up.fitted().throws_at = throws;
    EXPECT_GE(CompareAllTuners(made_up.Sources(), made_up.blocks()), 8);
  }
}

class NotRecordedTest : public testing::Test {
 protected:
  static SettingRecord Record() {
    SettingRecord record = RecordedMadeUp().Record();
    EXPECT_EQ(record.methods.at("made_up").curves.count("out_of_bag 0"), 1u) << "it has no task";
    for (const char* curve : {"held_out 0", "held_out 0.5"}) {
      record.methods.at("made_up").curves[curve] = {1, Normal(6, kTests / 2, 1), Cost(), false};
    }
    return ThroughAFile(record);
  }

  const SettingRecord setting_ = Record();
  CostLedger ledger_;
  ReplayedTuningProblem problem_{setting_.methods.at("made_up"), ledger_};
};

TEST_F(NotRecordedTest, SaysWhatThereIs) {
  const Damping between = {.5, RELATIVE_TO_MEAN_EIGENVALUE};
  EXPECT_EQ(problem_.Lds(between, 5).status(),
            absl::UnimplementedError(
                "damping 0.5 x mean eigenvalue is not recorded for made_up: a replay has the 7 "
                "points of its grid, from 0 x mean eigenvalue to 1000 x mean eigenvalue"));
  EXPECT_TRUE(absl::IsUnimplemented(problem_.Lds({.1, ABSOLUTE}, 5).status()))
      << "the same number in another unit";
  EXPECT_TRUE(absl::IsUnimplemented(problem_.Moments({between}).status()));
  EXPECT_EQ(problem_.HeldOut({between}, .3).status(),
            absl::UnimplementedError("the curve 'held_out 0.3' is not recorded for the method"));
  EXPECT_EQ(
      problem_.HeldOut({between}, .5).status(),
      absl::UnimplementedError("the record of made_up has the curve 'held_out 0.5' over the 6 "
                               "dampings of its grid from 0.01 x mean eigenvalue on; it cannot "
                               "give it over 1 others"));
  EXPECT_EQ(ledger_.Total().flops, 0) << "what is not there costs nothing";
}

TEST_F(NotRecordedTest, AModelIsNotThere) {
  EXPECT_EQ(problem_.Task().status(),
            absl::UnimplementedError(
                "a replay has no model; Task needs one: run this tuner with //benchmarks:run"));
  EXPECT_TRUE(absl::IsUnimplemented(problem_.Fit({}).status()));
  EXPECT_TRUE(absl::IsUnimplemented(problem_.Checkpoints().status()));
  EXPECT_TRUE(absl::IsUnimplemented(problem_.SubsetScores({}, {}).status()));
}

TEST_F(NotRecordedTest, CostsAreThoseOfTheLiveProblem) {
  const Damping damping = {1, RELATIVE_TO_MEAN_EIGENVALUE};
  ASSERT_TRUE(problem_.Lds(damping, 5).ok());
  ASSERT_TRUE(problem_.Lds(damping, 7).ok());
  EXPECT_EQ(ledger_.Total().retrainings, 7);
  EXPECT_EQ(ledger_.Total().flops, 7e6 + 9000 + 1000);
  EXPECT_EQ(problem_.Lds(damping, 13).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(problem_.Lds(damping, 1).status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(problem_.Moments({damping}).ok());
  EXPECT_EQ(problem_.Moments({damping})->t1.sizes(), (std::vector<int64_t>{1, kTests / 2}));
  EXPECT_EQ(ledger_.phases().at("tuning").flops, 7e6 + 9000 + 1000 + 2 * 7);
}

}  // namespace
}  // namespace attribench
