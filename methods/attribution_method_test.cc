// SPDX-License-Identifier: Apache-2.0
#include "methods/attribution_method.h"

#include <cmath>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;

Dataset Numbered(int64_t n, double first) {
  return {at::arange(n, at::kDouble).add(first).unsqueeze(1), at::zeros({n}, at::kLong)};
}

AttributionTask SmallTask() {
  AttributionTask task;
  task.train = Numbered(3, 10);
  task.test = Numbered(2, 20);
  return task;
}

TEST(AttributionTaskTest, CurvatureExamplesAreTheTrainingExamplesByDefault) {
  const AttributionTask task = SmallTask();
  EXPECT_TRUE(at::equal(task.curvature_examples().examples.inputs, task.train.inputs));
  EXPECT_FALSE(task.curvature_examples().MeanOneWeights().defined());
  const at::Tensor all = task.AllExamples().inputs;
  EXPECT_EQ(all.size(0), 5);
  EXPECT_TRUE(at::equal(task.curvature_rows().Of(all), task.train.inputs));
  EXPECT_TRUE(at::equal(task.train_rows().Of(all), task.train.inputs));
  EXPECT_TRUE(at::equal(task.test_rows().Of(all), task.test.inputs));
}

TEST(AttributionTaskTest, OwnCurvatureExamplesHaveRowsOfTheirOwn) {
  AttributionTask task = SmallTask();
  task.own_curvature_examples =
      CurvatureExamples{Numbered(4, 30), at::tensor({1., 2., 3., 2.}, at::kDouble)};
  const at::Tensor all = task.AllExamples().inputs;
  EXPECT_EQ(all.size(0), 9);
  EXPECT_TRUE(at::equal(task.curvature_rows().Of(all), Numbered(4, 30).inputs));
  EXPECT_TRUE(at::equal(task.train_rows().Of(all), task.train.inputs));
  EXPECT_TRUE(at::equal(task.test_rows().Of(all), task.test.inputs));
  EXPECT_TRUE(at::allclose(task.curvature_examples().MeanOneWeights(),
                           at::tensor({.5, 1., 1.5, 1.}, at::kDouble)));
}

Hyperparameters WithFraction(const std::string& fraction) {
  HyperparameterSpace space;
  Hyperparameter& h = *space.add_hyperparameters();
  h.set_name("curvature_fraction");
  h.set_kind(Hyperparameter::REAL);
  h.set_default_value("1");
  h.add_grid("1");
  return *Hyperparameters::Make(space, {{"curvature_fraction", fraction}});
}

TEST(CurvatureFractionTest, DrawsFromTheCurvatureExamplesWithTheirWeights) {
  AttributionTask task = SmallTask();
  EXPECT_FALSE(WithCurvatureFraction(task, WithFraction("1")).own_curvature_examples.has_value());
  task.own_curvature_examples =
      CurvatureExamples{Numbered(8, 0), at::arange(8, at::kDouble).add(1)};
  const CurvatureExamples half =
      WithCurvatureFraction(task, WithFraction("0.5")).curvature_examples();
  ASSERT_EQ(half.size(), 4);
  const std::vector<int64_t> drawn = RandomStream(1, "curvature fraction").Sample(8, 4);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(half.examples.inputs[i].item<double>(), drawn[i]);
    EXPECT_EQ(half.weights[i].item<double>(), drawn[i] + 1);
  }
  EXPECT_EQ(WithCurvatureFraction(task, WithFraction("0.001")).curvature_examples().size(), 1);
}

TEST(ReadCheckpointsTest, ChargesTrainingsButNotThoseOnTheWay) {
  const WorkedExample example;
  const AttributionTask task = example.Task();
  CostLedger ledger;
  ASSERT_TRUE(ReadCheckpoints(task, CheckpointKind::kFullData, 2, ledger).ok());
  EXPECT_EQ(ledger.phases().at("training").retrainings, 2);
  CostLedger along;
  const auto run = ReadCheckpoints(task, CheckpointKind::kAlongRun, 3, along, /*spacing=*/2);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(along.phases().at("training").retrainings, 1);
  EXPECT_TRUE(at::equal((*run)[1].front().value,
                        task.checkpoint(CheckpointKind::kAlongRun, 2)->front().value));
  EXPECT_EQ(ReadCheckpoints(task, CheckpointKind::kAlongRun, 11, along).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(SumOverSubsetsTest, ByHand) {
  const at::Tensor subsets = at::tensor({1, 0, 1, 0, 1, 1}, at::kLong).view({2, 3}).to(at::kBool);
  const at::Tensor scores = at::tensor({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}).view({3, 2});
  const auto sums = SumOverSubsets(subsets, scores);
  ASSERT_TRUE(sums.ok()) << sums.status();
  EXPECT_TRUE(at::equal(*sums, at::tensor({6., 8., 8., 10.}, at::kDouble).view({2, 2})));
  EXPECT_EQ(SumOverSubsets(subsets, scores.t()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SumOverSubsetsTest, NamesTheFirstScoreThatIsNotFinite) {
  at::Tensor scores = at::ones({3, 2});
  scores[1][1] = std::nan("");
  scores[2][0] = HUGE_VAL;
  const absl::Status status = CheckFinite(scores, "scores");
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("2 of 6 scores"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("[1, 1]"));
}

TEST(SubsetScorerTest, TheDefaultSumsTheScores) {
  const auto fitted = MakeUndampedAttribution(at::tensor({1.f, 2.f, 4.f}).view({3, 1}));
  CostLedger ledger;
  const at::Tensor subsets = at::tensor({1, 0, 1}, at::kLong).view({1, 3}).to(at::kBool);
  const auto scorer = fitted->ScoreSubsets(subsets, ledger);
  ASSERT_TRUE(scorer.ok()) << scorer.status();
  EXPECT_EQ((*scorer)->Sums({}, ledger)->item<double>(), 5);
  EXPECT_EQ(fitted->AbsoluteDampingOf({}).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(fitted->Moments({{}}, ledger).status().code(), absl::StatusCode::kUnimplemented);
}

// A method that charges 5 operations for a fit for one damping and 7 for another fit.
class Hinted : public AttributionMethod {
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger& ledger) override {
    class Scored : public FittedAttribution {
      absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& to) override {
        Cost cost;
        cost.flops = 2;
        to.Charge(cost);
        return at::full({1, 1}, damping.value);
      }
    };
    if (task.train.size() == 0) return absl::InvalidArgumentError("no examples");
    Cost cost;
    cost.flops = task.one_damping ? 5 : 7;
    ledger.Charge(cost);
    return std::unique_ptr<FittedAttribution>(new Scored);
  }
};

TEST(AttributionMethodTest, OneAttributionIsAFitForOneDampingAndItsScores) {
  CostLedger ledger;
  const auto scores = Hinted().Attribute(SmallTask(), {}, {3, ABSOLUTE}, ledger);
  ASSERT_TRUE(scores.ok()) << scores.status();
  EXPECT_EQ(scores->item<double>(), 3);
  EXPECT_EQ(ledger.phases().at("fit").flops, 5);
  EXPECT_EQ(ledger.phases().at("scoring").flops, 2);
  AttributionTask empty = SmallTask();
  empty.train = Numbered(0, 0);
  EXPECT_EQ(Hinted().Attribute(empty, {}, {3, ABSOLUTE}, ledger).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(AttributionMethodTest, AFitHasNothingToPrepareByDefault) {
  CostLedger ledger;
  EXPECT_TRUE(MakeUndampedAttribution(at::ones({1, 1}))->PrepareManyDampings(ledger).ok());
  EXPECT_EQ(ledger.Total().flops, 0);
}

}  // namespace
}  // namespace attribench
