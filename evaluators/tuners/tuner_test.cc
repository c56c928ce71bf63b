// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/tuner.h"

#include <cmath>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "evaluators/tuners/live_tuning_problem.h"
#include "evaluators/tuners/made_up_attribution.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class TunerTest : public testing::Test {
 protected:
  void SetUp() override {
    HyperparameterSpace space;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        "hyperparameters { name: 'damping' kind: DAMPING default_value: '0.01' "
        "grid: '0.001' grid: '0.01' grid: '0.1' grid: '1' grid: '10' grid: '100' }",
        &space));
    hyperparameters_ = *Hyperparameters::Make(space, {});
    truth_.subsets = Normal(kSubsets, kTrain, 1).gt(0);
    scores_ = Normal(kTrain, kTests, 2);
    const at::Tensor outputs = at::matmul(truth_.subsets.to(at::kDouble), scores_);
    truth_.negative_loss =
        at::stack({outputs, outputs.neg()}, 1);  // the second seed says the opposite
    truth_.margin = truth_.negative_loss;
    // The reporting block says the opposite too: a tuner that looks there chooses wrongly.
    for (const int64_t subset : blocks_.reporting.subsets) truth_.negative_loss[subset].neg_();
    fitted_ = std::make_unique<MadeUpAttribution>(scores_);
    retraining_.retrainings = 1;
    retraining_.cpu_seconds = 100;
  }

  absl::StatusOr<TunedPoint> Tune(const std::string& name) {
    const auto tuners = RegisteredTuners();
    if (!tuners.ok()) return tuners.status();
    for (const RegisteredTuner& tuner : *tuners) {
      if (tuner.name != name) continue;
      ledger_ = CostLedger();
      DampingSweep sweep = *DampingSweep::Make(*fitted_, truth_.subsets);
      LiveTuningProblem problem(
          {hyperparameters_, sweep, truth_, blocks_.tuning, retraining_, task_, nullptr, {}, {}},
          ledger_);
      return tuner.tuner->Tune(problem);
    }
    return absl::NotFoundError(name);
  }
  Cost TuningCost() {
    return ledger_.phases().count("tuning") > 0 ? ledger_.phases().at("tuning") : Cost();
  }

  const AttributionTask* task_ = nullptr;
  Hyperparameters hyperparameters_;
  GroundTruth truth_;
  at::Tensor scores_;
  EvaluationBlocks blocks_ = SplitIntoBlocks(kSubsets, kTests);
  std::unique_ptr<MadeUpAttribution> fitted_;
  Cost retraining_;
  CostLedger ledger_;
};

TEST_F(TunerTest, EveryTunerIsRegistered) {
  std::vector<std::string> names;
  const auto tuners = RegisteredTuners();
  ASSERT_TRUE(tuners.ok()) << tuners.status();
  for (const RegisteredTuner& tuner : *tuners) names.push_back(tuner.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre(
                         "default", "mean_eigenvalue", "surrogate_indicator", "grid_search_2",
                         "grid_search_5", "grid_search_10", "grid_search_20", "grid_search_50",
                         "held_out", "one_retraining", "out_of_bag", "out_of_bag_2", "out_of_bag_3",
                         "out_of_bag_5", "early_stopping", "surrogate_indicator_0.1",
                         "surrogate_indicator_0.2", "surrogate_indicator_0.3"));
}

TEST_F(TunerTest, DefaultAndMeanEigenvalueCostNothing) {
  EXPECT_EQ(Tune("default")->damping, (Damping{0.01, ABSOLUTE}));
  EXPECT_EQ(TuningCost().flops, 0);
  EXPECT_EQ(Tune("mean_eigenvalue")->damping, (Damping{0.1, RELATIVE_TO_MEAN_EIGENVALUE}));
  EXPECT_EQ(TuningCost().flops, 0);
  EXPECT_EQ(fitted_->scorings, 0);
}

// The first default tuner that works: a made-up method has no features, and reads no checkpoints.
TEST_F(TunerTest, DefaultLeavesTheChoiceToTheFirstTunerThatWorks) {
  const auto declare = [&](const std::string& tuners) {
    HyperparameterSpace space;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        "hyperparameters { name: 'damping' kind: DAMPING default_value: '0.01' " + tuners +
            "grid: '0.001' grid: '0.01' grid: '0.1' grid: '1' grid: '10' grid: '100' }",
        &space));
    hyperparameters_ = *Hyperparameters::Make(space, {});
  };
  declare("default_tuners: 'out_of_bag' default_tuners: 'surrogate_indicator' ");
  const absl::StatusOr<TunedPoint> chosen = Tune("default");
  const Cost cost = TuningCost();
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  ASSERT_TRUE(chosen->chosen_by.has_value());
  EXPECT_EQ(chosen->chosen_by->name, "surrogate_indicator");
  EXPECT_EQ(chosen->chosen_by->kind, TunerKind::kSelector);
  EXPECT_EQ(chosen->damping, Tune("surrogate_indicator")->damping);
  EXPECT_EQ(chosen->criterion.size(), 6u);
  EXPECT_GT(cost.flops, 0);
  EXPECT_EQ(cost.flops, TuningCost().flops);

  declare("default_tuners: 'out_of_bag' default_tuners: 'not_linked' ");
  const absl::StatusOr<TunedPoint> fallen_back = Tune("default");
  ASSERT_TRUE(fallen_back.ok()) << fallen_back.status();
  EXPECT_EQ(fallen_back->damping, (Damping{0.01, ABSOLUTE}));
  EXPECT_FALSE(fallen_back->chosen_by.has_value());
}

TEST_F(TunerTest, EarlyStoppingNeedsTheTrainingTime) {
  EXPECT_EQ(Tune("early_stopping").status().code(), absl::StatusCode::kUnimplemented);
  AttributionTask task;
  task.training_time = 50;
  task_ = &task;
  EXPECT_EQ(Tune("early_stopping")->damping, (Damping{.02, ABSOLUTE}));
  task_ = nullptr;
}

// The higher the level, the larger the damping.
TEST_F(TunerTest, LevelsOfTheIndicatorAreInOrder) {
  double last = 0;
  for (const char* name : {"surrogate_indicator_0.1", "surrogate_indicator_0.2",
                           "surrogate_indicator_0.3", "surrogate_indicator"}) {
    const absl::StatusOr<TunedPoint> point = Tune(name);
    ASSERT_TRUE(point.ok()) << point.status();
    EXPECT_GE(point->damping.value, last) << name;
    last = point->damping.value;
  }
}

TEST_F(TunerTest, GridSearchFindsTheBestOnTheTuningBlockAndPaysForIt) {
  const absl::StatusOr<TunedPoint> point = Tune("grid_search_10");
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_EQ(point->damping.value, 1);
  EXPECT_EQ(point->message, "");
  EXPECT_EQ(TuningCost().retrainings, 10);
  EXPECT_GE(TuningCost().cpu_seconds, 1000);
  EXPECT_EQ(TuningCost().flops, 6 * 1000);
}

TEST_F(TunerTest, GridSearchWithMoreSubsetsThanThereAreSaysSo) {
  const absl::StatusOr<TunedPoint> point = Tune("grid_search_50");
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_EQ(TuningCost().retrainings, kSubsets / 2);
  EXPECT_TRUE(absl::StrContains(point->message, "all 12 subsets")) << point->message;
}

// The best of the whole grid is 1. Of a grid that ends or starts there, it is at the edge; so it is
// if all points beyond it fail.
TEST_F(TunerTest, GridSearchSaysThatItsBestIsAtTheEdge) {
  const auto message = [&](const std::string& grid) {
    HyperparameterSpace space;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        "hyperparameters { name: 'damping' kind: DAMPING default_value: '0.01' " + grid + "}",
        &space));
    hyperparameters_ = *Hyperparameters::Make(space, {});
    const absl::StatusOr<TunedPoint> point = Tune("grid_search_10");
    EXPECT_EQ(point->damping.value, 1) << grid;
    return point->message;
  };
  EXPECT_EQ(message("grid: '0.1' grid: '1' grid: '10' "), "");
  EXPECT_EQ(message("grid: '0.01' grid: '0.1' grid: '1' "), "at the edge of its grid");
  EXPECT_EQ(message("grid: '1' grid: '10' grid: '100' "), "at the edge of its grid");
  fitted_->broken_at = 10;
  EXPECT_EQ(message("grid: '0.1' grid: '1' grid: '10' "),
            "at the edge of its grid; left out 10: no LDS there");
}

TEST_F(TunerTest, GridSearchPassesOverAFailingPointAndFailsWhereAllFail) {
  fitted_->broken_at = 1;
  const absl::StatusOr<TunedPoint> point = Tune("grid_search_20");
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_NE(point->damping.value, 1);
  EXPECT_TRUE(absl::StrContains(point->message, "left out 1: no LDS there")) << point->message;
  fitted_ = std::make_unique<MadeUpAttribution>(at::full_like(scores_, std::nan("")));
  EXPECT_EQ(Tune("grid_search_20").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(TunerTest, AMethodThatThrowsAtOneDampingLosesThatPointAlone) {
  fitted_->throws_at = 0.001;
  for (const std::string tuner : {"grid_search_20", "surrogate_indicator"}) {
    const absl::StatusOr<TunedPoint> point = Tune(tuner);
    ASSERT_TRUE(point.ok()) << point.status();
    EXPECT_NEAR(point->damping.value, tuner == "grid_search_20" ? 1 : 10, 1e-9);
    EXPECT_TRUE(absl::StrContains(point->message, "left out 0.001: no ")) << point->message;
  }
}

TEST_F(TunerTest, TheSelectorLeavesOutAndNamesPointsThatCannotBeUsed) {
  HyperparameterSpace space;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "hyperparameters { name: 'damping' kind: DAMPING default_value: '1' "
      "grid: '0' grid: '1e-300' grid: '1' grid: '10' grid: '100' }",
      &space));
  hyperparameters_ = *Hyperparameters::Make(space, {});
  fitted_->broken_at = 1e-300;
  const absl::StatusOr<TunedPoint> point = Tune("surrogate_indicator");
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_NEAR(point->damping.value, 10, 1e-9);
  EXPECT_EQ(point->message, "left out 0 and 1e-300: no indicator there");
  ASSERT_EQ(point->criterion.size(), 3);
  EXPECT_EQ(point->criterion[0].damping.value, 1);
  EXPECT_NEAR(point->criterion[0].value, .4, 1e-12);
}

// Everything that belongs to a reporting subset or to a reporting test: outputs become NaN, scores
// and indicators others. Each alone would change a choice, or turn it into a failure, if a tuner
// looked at it.
TEST_F(TunerTest, NoTunerSeesReportingSubsetsOrReportingTests) {
  const at::Tensor tests = at::tensor(blocks_.reporting.tests, at::kLong);
  const at::Tensor subsets = at::tensor(blocks_.reporting.subsets, at::kLong);
  const auto tuners = RegisteredTuners();
  ASSERT_TRUE(tuners.ok()) << tuners.status();
  std::vector<absl::StatusOr<TunedPoint>> before;
  for (const RegisteredTuner& tuner : *tuners) before.push_back(Tune(tuner.name));
  truth_.negative_loss.index_fill_(0, subsets, std::nan(""));
  truth_.negative_loss.index_fill_(2, tests, std::nan(""));
  at::Tensor scores = scores_.clone(), shift = at::zeros({kTests}, at::kDouble);
  scores.index_copy_(1, tests, Normal(kTrain, tests.size(0), 77));
  shift.index_fill_(0, tests, -.3);
  fitted_ = std::make_unique<MadeUpAttribution>(scores);
  fitted_->indicator_shift = shift;
  int compared = 0;
  for (size_t i = 0; i < tuners->size(); ++i) {
    const absl::StatusOr<TunedPoint> point = Tune((*tuners)[i].name);
    // Tuners that need features, or fit the method again, have no method here. See
    // CurvesTest.NoCurveSeesReportingTestsOrRetrainedOutputs.
    if (absl::IsFailedPrecondition(before[i].status()) ||
        absl::IsUnimplemented(before[i].status())) {
      continue;
    }
    ASSERT_TRUE(point.ok()) << (*tuners)[i].name << ": " << point.status();
    EXPECT_EQ(point->damping, before[i]->damping) << (*tuners)[i].name;
    EXPECT_EQ(point->message, before[i]->message);
    ASSERT_EQ(point->criterion.size(), before[i]->criterion.size());
    for (size_t c = 0; c < point->criterion.size(); ++c) {
      EXPECT_EQ(point->criterion[c].value, before[i]->criterion[c].value);
    }
    ++compared;
  }
  EXPECT_EQ(compared, 11);
}

TEST(AppliesToTest, ByTheModelsThatTheMethodReads) {
  const auto applies = [](const std::string& tuner, const std::string& method) {
    const auto tuners = RegisteredTuners();
    for (const RegisteredTuner& registered : *tuners) {
      if (registered.name == tuner) return registered.tuner->AppliesTo(*FindMethodVariant(method));
    }
    ADD_FAILURE() << "no tuner " << tuner;
    return false;
  };
  EXPECT_TRUE(applies("out_of_bag", "trak_10"));
  EXPECT_TRUE(applies("out_of_bag", "fisher_half_10"));
  EXPECT_FALSE(applies("out_of_bag", "trak_1"));
  EXPECT_FALSE(applies("out_of_bag", "fisher_10"));
  EXPECT_TRUE(applies("out_of_bag_3", "fisher"));
  EXPECT_TRUE(applies("out_of_bag_3", "trak_1"));
  EXPECT_FALSE(applies("out_of_bag_3", "trak_10")) << "it has such models";
  EXPECT_TRUE(applies("one_retraining", "fisher"));
  EXPECT_FALSE(applies("one_retraining", "fisher_10"));
  EXPECT_TRUE(applies("held_out", "fisher"));
}

TEST(HighestPointTest, LeavesOutWhatHasNoValueAndNamesTheEdge) {
  const std::vector<Damping> dampings = {{1, ABSOLUTE}, {2, ABSOLUTE}, {3, ABSOLUTE}};
  const double none = std::nan("");
  EXPECT_EQ(HighestPoint(dampings, {1, 3, 2})->damping.value, 2);
  EXPECT_EQ(HighestPoint(dampings, {1, 3, 2})->message, "");
  EXPECT_EQ(HighestPoint(dampings, {1, 3, none})->message,
            "at the edge of its grid; left out 3: no criterion there");
  EXPECT_EQ(HighestPoint(dampings, {1, 3, none})->criterion.size(), 2u);
  EXPECT_EQ(HighestPoint(dampings, {none, none, none}).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(HighestPoint(dampings, {1, 2}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(TunerTest, ADampingWithoutGridIsRefusedInASentence) {
  HyperparameterSpace space;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "hyperparameters { name: 'damping' kind: DAMPING default_value: '1' }", &space));
  hyperparameters_ = *Hyperparameters::Make(space, {});
  EXPECT_EQ(Tune("surrogate_indicator").status().message(),
            "the damping has no grid to look at the indicator on");
  EXPECT_EQ(Tune("grid_search_2").status().message(), "the damping has no grid to search");
  EXPECT_TRUE(Tune("default").ok());
}

TEST(LeftOutTest, ListsDampings) {
  EXPECT_EQ(LeftOut({}, "LDS"), "");
  EXPECT_EQ(LeftOut({{1, ABSOLUTE}}, "LDS"), "left out 1: no LDS there");
  EXPECT_EQ(LeftOut({{0, ABSOLUTE}, {1, ABSOLUTE}, {2, RELATIVE_TO_TRACE}}, "LDS"),
            "left out 0, 1 and 2 x trace: no LDS there");
}

TEST_F(TunerTest, TheSelectorRetrainsNothingAndIsNotBoundToTheGrid) {
  const absl::StatusOr<TunedPoint> point = Tune("surrogate_indicator");
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_NEAR(point->damping.value, 10, 1e-9);
  EXPECT_EQ(TuningCost().retrainings, 0);
  EXPECT_EQ(TuningCost().flops, 7);
  EXPECT_EQ(fitted_->scorings, 0);
}

}  // namespace
}  // namespace attribench
