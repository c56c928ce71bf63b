// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/tuning_problem.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "evaluators/tuners/made_up_attribution.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class TuningProblemTest : public testing::Test {
 protected:
  void SetUp() override {
    truth_.subsets = Normal(kSubsets, kTrain, 1).gt(0);
    const at::Tensor outputs =
        at::matmul(truth_.subsets.to(at::kDouble), Normal(kTrain, kTests, 2));
    truth_.negative_loss = at::stack({outputs, outputs.neg()}, 1);
    truth_.margin = truth_.negative_loss;
    retraining_.retrainings = 1;
  }

  TuningProblem Problem(DampingSweep& sweep, CostLedger& ledger) {
    return TuningProblem(
        {hyperparameters_, sweep, truth_, blocks_.tuning, retraining_, nullptr, nullptr, {}},
        ledger);
  }

  Hyperparameters hyperparameters_;
  GroundTruth truth_;
  EvaluationBlocks blocks_ = SplitIntoBlocks(kSubsets, kTests);
  MadeUpAttribution fitted_{Normal(kTrain, kTests, 2)};
  Cost retraining_;
};

TEST_F(TuningProblemTest, SharedWorkIsDoneOnceAndChargedToEach) {
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  for (int tuner = 0; tuner < 2; ++tuner) {
    CostLedger ledger;
    TuningProblem problem = Problem(sweep, ledger);
    ASSERT_TRUE(problem.Lds({1, ABSOLUTE}, 5).ok());
    ASSERT_TRUE(problem.Lds({1, ABSOLUTE}, 7).ok());
    EXPECT_EQ(ledger.Total().flops, 1000);
    EXPECT_EQ(ledger.Total().retrainings, 7);
    EXPECT_EQ(problem.Lds({1, ABSOLUTE}, 13).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(problem.Lds({1, ABSOLUTE}, 1).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(fitted_.scorings, 1);
}

TEST_F(TuningProblemTest, MomentsAreThoseOfTheTuningTestsAndCostEachTunerTheSame) {
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  for (int i = 0; i < 2; ++i) {
    CostLedger ledger;
    TuningProblem problem = Problem(sweep, ledger);
    EXPECT_EQ(problem.Moments({{1, ABSOLUTE}})->t1.size(1), kTests / 2);
    EXPECT_EQ(ledger.phases().at("tuning").flops, 7) << i;
  }
  EXPECT_EQ(fitted_.moment_calls, 1);
}

TEST_F(TuningProblemTest, TheFirstLookAtDampingsChargesTheirPreparation) {
  fitted_.preparation_flops = 9000;
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  CostLedger ledger;
  TuningProblem problem = Problem(sweep, ledger);
  EXPECT_FALSE(problem.looked_at_dampings());
  EXPECT_EQ(ledger.Total().flops, 0);
  ASSERT_TRUE(problem.Moments({{1, ABSOLUTE}}).ok());
  EXPECT_TRUE(problem.looked_at_dampings());
  EXPECT_EQ(ledger.phases().at("tuning").flops, 9000 + 7);
  ASSERT_TRUE(problem.Lds({1, ABSOLUTE}, 2).ok());
  EXPECT_EQ(ledger.phases().at("tuning").flops, 9000 + 7 + 1000);
}

TEST_F(TuningProblemTest, SumsOverATunersOwnSubsets) {
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  CostLedger ledger, nobody;
  TuningProblem problem = Problem(sweep, ledger);
  const at::Tensor own = Normal(3, kTrain, 9).gt(0);
  const std::vector<Damping> dampings = {{.1, ABSOLUTE}, {10, ABSOLUTE}};
  const absl::StatusOr<at::Tensor> sums = problem.SubsetScores(dampings, own);
  ASSERT_TRUE(sums.ok()) << sums.status();
  ASSERT_EQ(sums->sizes(), (std::vector<int64_t>{2, 3, kTests / 2}));
  for (int64_t d = 0; d < 2; ++d) {
    const at::Tensor expected =
        at::matmul(own.to(at::kDouble), *fitted_.Scores(dampings[d], nobody))
            .index_select(1, at::tensor(blocks_.tuning.tests, at::kLong));
    EXPECT_TRUE(at::allclose((*sums)[d], expected, 1e-12));
  }
  EXPECT_EQ(ledger.phases().at("tuning").flops, 2000);
}

TEST_F(TuningProblemTest, WithoutATaskThereIsNothingToFit) {
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  CostLedger ledger;
  TuningProblem problem = Problem(sweep, ledger);
  EXPECT_EQ(problem.Task().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(problem.Fit({}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(problem.Checkpoints().status().code(), absl::StatusCode::kFailedPrecondition);
}

// A real method on a real task: fisher on the worked example.
class RefitTest : public testing::Test {
 protected:
  void SetUp() override {
    const MethodVariant variant = *FindMethodVariant("fisher");
    hyperparameters_ = variant.hyperparameters;
    method_ = variant.method->make();
    task_ = example_.Task();
    fitted_ = *method_->Fit(task_, hyperparameters_, fit_ledger_);
    truth_.subsets = Normal(kSubsets, task_.train.size(), 1).gt(0);
    truth_.negative_loss = Normal(kSubsets, task_.test.size(), 2).unsqueeze(1);
    truth_.margin = truth_.negative_loss;
    blocks_ = SplitIntoBlocks(kSubsets, task_.test.size());
    sweep_ = std::make_unique<DampingSweep>(*DampingSweep::Make(*fitted_, truth_.subsets));
  }

  TuningProblem Problem() {
    return TuningProblem({hyperparameters_,
                          *sweep_,
                          truth_,
                          blocks_.tuning,
                          Cost(),
                          &task_,
                          [this](const AttributionTask& task, CostLedger& ledger) {
                            return method_->Fit(task, hyperparameters_, ledger);
                          },
                          {{CheckpointKind::kFullData, 0}}},
                         ledger_);
  }

  WorkedExample example_;
  Hyperparameters hyperparameters_;
  std::unique_ptr<AttributionMethod> method_;
  AttributionTask task_;
  CostLedger fit_ledger_, ledger_;
  std::unique_ptr<FittedAttribution> fitted_;
  GroundTruth truth_;
  EvaluationBlocks blocks_;
  std::unique_ptr<DampingSweep> sweep_;
};

TEST_F(RefitTest, TheTaskHoldsTheTuningTestsOnly) {
  TuningProblem problem = Problem();
  const AttributionTask task = *problem.Task();
  ASSERT_EQ(task.test.size(), static_cast<int64_t>(blocks_.tuning.tests.size()));
  EXPECT_TRUE(at::equal(task.test.inputs, task_.test.inputs.index_select(
                                              0, at::tensor(blocks_.tuning.tests, at::kLong))));
}

// The curvature comes from a third of the examples, and the test examples are scored themselves. A
// tuner with held-out examples needs this. By dense algebra, a score is q' (F_A + lambda I)^-1 q.
TEST_F(RefitTest, CurvatureFromAPartOfTheExamplesScoresOthers) {
  TuningProblem problem = Problem();
  AttributionTask task = *problem.Task();
  CurvatureExamples part;
  part.examples = {task.train.inputs.slice(0, 0, 20), task.train.labels.slice(0, 0, 20)};
  task.own_curvature_examples = part;
  task.train = task.test;
  const auto fitted = problem.Fit(task);
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  const at::Tensor scores = *(*fitted)->Scores({.3, ABSOLUTE}, problem.ledger());

  const Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  const auto gradients = [&](const Dataset& dataset) {
    // Softmax regression: (p - e_y) [x, 1]'.
    const at::Tensor logits = example_.model().Logits(parameters, dataset.inputs);
    const at::Tensor deltas =
        at::softmax(logits, 1).sub(at::one_hot(dataset.labels, logits.size(1)).to(at::kDouble));
    const at::Tensor x = dataset.inputs.flatten(1);
    const at::Tensor inputs = at::cat({x, at::ones({x.size(0), 1}, at::kDouble)}, 1);
    return deltas.unsqueeze(2).mul(inputs.unsqueeze(1)).flatten(1);
  };
  const at::Tensor g = gradients(part.examples), q = gradients(task.test);
  const at::Tensor fisher = at::matmul(g.t(), g).div(20);
  const at::Tensor damped = fisher.add(at::eye(fisher.size(0), at::kDouble), .3);
  const at::Tensor expected = at::matmul(q, at::linalg_solve(damped, q.t()));
  EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
            1e-8 * expected.abs().max().item<double>());
}

TEST_F(RefitTest, ARefitPaysForItsGradientsAndForNewCheckpointsOnly) {
  TuningProblem problem = Problem();
  AttributionTask task = *problem.Task();
  ASSERT_TRUE(problem.Fit(task).ok());
  const Cost first = ledger_.phases().at("tuning");
  EXPECT_GT(first.gradient_evaluations, 0);
  EXPECT_EQ(first.retrainings, 0) << "the method read this checkpoint before";
  const auto checkpoint = task.checkpoint;
  task.checkpoint = [checkpoint](CheckpointKind kind, int64_t) { return checkpoint(kind, 1); };
  ASSERT_TRUE(problem.Fit(task).ok());
  ASSERT_TRUE(problem.Fit(task).ok());
  EXPECT_EQ(ledger_.phases().at("tuning").retrainings, 1) << "a new checkpoint, paid once";
  EXPECT_EQ(ledger_.phases().count("training"), 0u);
  EXPECT_DOUBLE_EQ(ledger_.Total().gradient_evaluations, 3 * first.gradient_evaluations);
}

// ReadCheckpoint charges a training too, by the task's cost of a training: it must not come twice.
TEST_F(RefitTest, ATrainingIsPaidOnceHoweverItIsRead) {
  TuningProblem problem = Problem();
  const AttributionTask task = *problem.Task();
  ASSERT_TRUE(ReadCheckpoint(task, CheckpointKind::kFullData, 1, problem.ledger()).ok());
  EXPECT_EQ(ledger_.Total().retrainings, 1);
}

TEST_F(RefitTest, CheckpointsComeWithWhatTheySawAndTheirOutputs) {
  TuningProblem problem = Problem();
  const auto checkpoints = problem.Checkpoints();
  ASSERT_TRUE(checkpoints.ok()) << checkpoints.status();
  ASSERT_EQ(checkpoints->size(), 1u);
  const CheckpointOutputs& only = checkpoints->front();
  EXPECT_TRUE(only.trained_on.all().item<bool>());
  EXPECT_EQ(only.train_outputs.size(0), task_.train.size());
  EXPECT_EQ(only.test_outputs.size(0), static_cast<int64_t>(blocks_.tuning.tests.size()));
  const Parameters parameters = *task_.checkpoint(CheckpointKind::kFullData, 0);
  const at::Tensor logits = example_.model().Logits(parameters, task_.train.inputs);
  const at::Tensor expected =
      at::nll_loss(at::log_softmax(logits, 1), task_.train.labels, {}, at::Reduction::None).neg();
  EXPECT_TRUE(at::allclose(only.train_outputs, expected, 1e-10));
  EXPECT_GT(ledger_.phases().at("tuning").flops, 0);
}

}  // namespace
}  // namespace attribench
