// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/tuner.h"

#include <cmath>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/random_stream.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr int64_t kTrain = 30, kSubsets = 24, kTests = 8;

at::Tensor Normal(int64_t rows, int64_t columns, uint64_t seed) {
  at::Tensor result = at::empty({rows, columns}, at::kDouble);
  RandomStream stream(seed, "tuner test");
  for (int64_t i = 0; i < result.numel(); ++i) result.data_ptr<double>()[i] = stream.Gaussian();
  return result;
}

// Scores that are right at damping 1 and drown in noise away from it; an indicator that is .5
// at 10.
class MadeUpAttribution : public FittedAttribution {
 public:
  explicit MadeUpAttribution(at::Tensor truth) : truth_(std::move(truth)) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    ++scorings;
    Cost cost;
    cost.flops = 1000;
    ledger.Charge(cost);
    const double distance = std::abs(std::log10(damping.value));
    if (damping.value == broken_at) return at::full_like(truth_, std::nan(""));
    return truth_.add(Normal(kTrain, kTests, 5).mul(distance));
  }
  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    return damping.value;
  }
  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    ++moment_calls;
    Cost cost;
    cost.flops = 7;
    ledger.Charge(cost);
    at::Tensor xi = at::empty({static_cast<int64_t>(dampings.size()), kTests}, at::kDouble);
    for (size_t i = 0; i < dampings.size(); ++i) {
      xi[i].fill_(std::min(1.0, std::max(0.01, 0.4 + 0.1 * std::log10(dampings[i].value))));
    }
    return SpectralMoments{at::ones_like(xi), xi, at::ones_like(xi)};
  }

  double broken_at = -1;
  int scorings = 0, moment_calls = 0;

 private:
  at::Tensor truth_;
};

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
    // The reporting block says the opposite too: who looks there chooses wrong.
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
      TuningProblem problem(hyperparameters_, sweep, truth_, blocks_.tuning, retraining_, ledger_);
      return tuner.tuner->Tune(problem);
    }
    return absl::NotFoundError(name);
  }
  Cost TuningCost() {
    return ledger_.phases().count("tuning") > 0 ? ledger_.phases().at("tuning") : Cost();
  }

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
                         "grid_search_5", "grid_search_10", "grid_search_20", "grid_search_50"));
}

TEST_F(TunerTest, DefaultAndMeanEigenvalueCostNothing) {
  EXPECT_EQ(Tune("default")->damping, (Damping{0.01, ABSOLUTE}));
  EXPECT_EQ(TuningCost().flops, 0);
  EXPECT_EQ(Tune("mean_eigenvalue")->damping, (Damping{0.1, RELATIVE_TO_MEAN_EIGENVALUE}));
  EXPECT_EQ(TuningCost().flops, 0);
  EXPECT_EQ(fitted_->scorings, 0);
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

TEST_F(TunerTest, GridSearchPassesOverAFailingPointAndFailsWhereAllFail) {
  fitted_->broken_at = 1;
  const absl::StatusOr<TunedPoint> point = Tune("grid_search_20");
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_NE(point->damping.value, 1);
  fitted_ = std::make_unique<MadeUpAttribution>(at::full_like(scores_, std::nan("")));
  EXPECT_EQ(Tune("grid_search_20").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(TunerTest, TheSelectorRetrainsNothingAndIsNotBoundToTheGrid) {
  const absl::StatusOr<TunedPoint> point = Tune("surrogate_indicator");
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_NEAR(point->damping.value, 10, 1e-9);
  EXPECT_EQ(TuningCost().retrainings, 0);
  EXPECT_EQ(TuningCost().flops, 7);
  EXPECT_EQ(fitted_->scorings, 0);
}

TEST_F(TunerTest, SharedWorkIsDoneOnceAndChargedToEach) {
  DampingSweep sweep = *DampingSweep::Make(*fitted_, truth_.subsets);
  for (int tuner = 0; tuner < 2; ++tuner) {
    CostLedger ledger;
    TuningProblem problem(hyperparameters_, sweep, truth_, blocks_.tuning, retraining_, ledger);
    ASSERT_TRUE(problem.Lds({1, ABSOLUTE}, 5).ok());
    ASSERT_TRUE(problem.Lds({1, ABSOLUTE}, 7).ok());
    EXPECT_EQ(ledger.Total().flops, 1000);
    EXPECT_EQ(ledger.Total().retrainings, 7);
    EXPECT_EQ(problem.Lds({1, ABSOLUTE}, 13).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(problem.Lds({1, ABSOLUTE}, 1).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(fitted_->scorings, 1);
}

// Where sums come of the scores, they cost what the scores at that damping cost.
TEST_F(TunerTest, ScoringCostOfEachDamping) {
  DampingSweep sweep = *DampingSweep::Make(*fitted_, truth_.subsets);
  fitted_->broken_at = 10;
  for (const double damping : {1.0, 10.0, 100.0}) {
    const absl::StatusOr<Cost> cost = sweep.ScoringCost({damping, ABSOLUTE}, ledger_);
    ASSERT_EQ(cost.status(), sweep.Sums({damping, ABSOLUTE}, ledger_).status());
    if (cost.ok()) {
      EXPECT_EQ(cost->flops, 1000);
    }
  }
  EXPECT_EQ(sweep.ScoringCost({10, ABSOLUTE}, ledger_).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(fitted_->scorings, 3);
  EXPECT_EQ(ledger_.Total().flops, 0);
}

class WithSumsOfItsOwn : public MadeUpAttribution {
 public:
  using MadeUpAttribution::MadeUpAttribution;
  absl::StatusOr<at::Tensor> SubsetScores(const Damping&, CostLedger& ledger) override {
    Cost cost;
    cost.flops = 10;
    ledger.Charge(cost);
    return at::zeros({kSubsets, kTests}, at::kDouble);
  }
  bool SumsWithoutScores() const override { return true; }
};

// One that can be computed stands for all.
TEST_F(TunerTest, ScoringCostOfOneMatrixWhereSumsDoWithout) {
  WithSumsOfItsOwn fitted(scores_);
  fitted.broken_at = 10;
  DampingSweep sweep = *DampingSweep::Make(fitted, truth_.subsets);
  EXPECT_EQ(sweep.ScoringCost({10, ABSOLUTE}, ledger_).status().code(),
            absl::StatusCode::kDataLoss);
  for (const double damping : {1.0, 100.0}) {
    const absl::StatusOr<Cost> cost = sweep.ScoringCost({damping, ABSOLUTE}, ledger_);
    ASSERT_TRUE(cost.ok()) << cost.status();
    EXPECT_EQ(cost->flops, 1000);
    EXPECT_EQ((*sweep.Sums({damping, ABSOLUTE}, ledger_))->cost.flops, 10);
  }
  EXPECT_EQ(fitted.scorings, 2);
  EXPECT_EQ(ledger_.Total().flops, 0);
}

TEST_F(TunerTest, MomentsAreThoseOfTheTuningTests) {
  DampingSweep sweep = *DampingSweep::Make(*fitted_, truth_.subsets);
  TuningProblem problem(hyperparameters_, sweep, truth_, blocks_.tuning, retraining_, ledger_);
  EXPECT_EQ(problem.Moments({{1, ABSOLUTE}})->t1.size(1), kTests / 2);
}

// Computed once, paid by everyone who asks.
TEST_F(TunerTest, MomentsCostEachTunerTheSame) {
  DampingSweep sweep = *DampingSweep::Make(*fitted_, truth_.subsets);
  for (int i = 0; i < 2; ++i) {
    CostLedger ledger;
    TuningProblem problem(hyperparameters_, sweep, truth_, blocks_.tuning, retraining_, ledger);
    ASSERT_TRUE(problem.Moments({{1, ABSOLUTE}}).ok());
    EXPECT_EQ(ledger.phases().at("tuning").flops, 7) << i;
  }
  EXPECT_EQ(fitted_->moment_calls, 1);
}

}  // namespace
}  // namespace attribench
