// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/live_tuning_problem.h"

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/models/model_outputs.h"
#include "evaluators/metrics/linear_datamodeling_score.h"
#include "evaluators/tuners/held_out_split.h"
#include "evaluators/tuners/made_up_attribution.h"
#include "evaluators/tuners/out_of_bag.h"
#include "evaluators/tuners/reference_attribution.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "methods/curvature/held_out_criterion.h"
#include "methods/hyperparameters.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class LiveTuningProblemTest : public testing::Test {
 protected:
  void SetUp() override {
    truth_.subsets = Normal(kSubsets, kTrain, 1).gt(0);
    const at::Tensor outputs =
        at::matmul(truth_.subsets.to(at::kDouble), Normal(kTrain, kTests, 2));
    truth_.negative_loss = at::stack({outputs, outputs.neg()}, 1);
    truth_.margin = truth_.negative_loss;
    retraining_.retrainings = 1;
  }

  LiveTuningProblem Problem(DampingSweep& sweep, CostLedger& ledger) {
    return LiveTuningProblem(
        {hyperparameters_, sweep, truth_, blocks_.tuning, retraining_, nullptr, nullptr, {}, {}},
        ledger);
  }

  Hyperparameters hyperparameters_;
  GroundTruth truth_;
  EvaluationBlocks blocks_ = SplitIntoBlocks(kSubsets, kTests);
  MadeUpAttribution fitted_{Normal(kTrain, kTests, 2)};
  Cost retraining_;
};

TEST_F(LiveTuningProblemTest, SharedWorkIsDoneOnceAndChargedToEach) {
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  for (int tuner = 0; tuner < 2; ++tuner) {
    CostLedger ledger;
    LiveTuningProblem problem = Problem(sweep, ledger);
    ASSERT_TRUE(problem.Lds({1, ABSOLUTE}, 5).ok());
    ASSERT_TRUE(problem.Lds({1, ABSOLUTE}, 7).ok());
    EXPECT_EQ(ledger.Total().flops, 1000);
    EXPECT_EQ(ledger.Total().retrainings, 7);
    EXPECT_EQ(problem.Lds({1, ABSOLUTE}, 13).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(problem.Lds({1, ABSOLUTE}, 1).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(fitted_.scorings, 1);
}

TEST_F(LiveTuningProblemTest, MomentsAreThoseOfTheTuningTestsAndCostEachTunerTheSame) {
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  for (int i = 0; i < 2; ++i) {
    CostLedger ledger;
    LiveTuningProblem problem = Problem(sweep, ledger);
    EXPECT_EQ(problem.Moments({{1, ABSOLUTE}})->t1.size(1), kTests / 2);
    EXPECT_EQ(ledger.phases().at("tuning").flops, 7) << i;
  }
  EXPECT_EQ(fitted_.moment_calls, 1);
}

TEST_F(LiveTuningProblemTest, TheFirstLookAtDampingsChargesTheirPreparation) {
  fitted_.preparation_flops = 9000;
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  CostLedger ledger;
  LiveTuningProblem problem = Problem(sweep, ledger);
  EXPECT_FALSE(problem.looked_at_dampings());
  EXPECT_EQ(ledger.Total().flops, 0);
  ASSERT_TRUE(problem.Moments({{1, ABSOLUTE}}).ok());
  EXPECT_TRUE(problem.looked_at_dampings());
  EXPECT_EQ(ledger.phases().at("tuning").flops, 9000 + 7);
  ASSERT_TRUE(problem.Lds({1, ABSOLUTE}, 2).ok());
  EXPECT_EQ(ledger.phases().at("tuning").flops, 9000 + 7 + 1000);
}

TEST_F(LiveTuningProblemTest, SumsOverATunersOwnSubsets) {
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  CostLedger ledger, nobody;
  LiveTuningProblem problem = Problem(sweep, ledger);
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

TEST_F(LiveTuningProblemTest, WithoutATaskThereIsNothingToFit) {
  DampingSweep sweep = *DampingSweep::Make(fitted_, truth_.subsets);
  CostLedger ledger;
  LiveTuningProblem problem = Problem(sweep, ledger);
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

  LiveTuningProblem Problem() {
    return LiveTuningProblem(
        {hyperparameters_,
         *sweep_,
         truth_,
         blocks_.tuning,
         Cost(),
         &task_,
         [this](const AttributionTask& task, const Hyperparameters& values, CostLedger& ledger) {
           return method_->Fit(task, values, ledger);
         },
         {{CheckpointKind::kFullData, 0}},
         {}},
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
  LiveTuningProblem problem = Problem();
  const AttributionTask task = *problem.Task();
  ASSERT_EQ(task.test.size(), static_cast<int64_t>(blocks_.tuning.tests.size()));
  EXPECT_TRUE(at::equal(task.test.inputs, task_.test.inputs.index_select(
                                              0, at::tensor(blocks_.tuning.tests, at::kLong))));
}

// The curvature comes from a third of the examples, and the test examples are scored themselves. A
// tuner with held-out examples needs this. By dense algebra, a score is q' (F_A + lambda I)^-1 q.
TEST_F(RefitTest, CurvatureFromAPartOfTheExamplesScoresOthers) {
  LiveTuningProblem problem = Problem();
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
  LiveTuningProblem problem = Problem();
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
  LiveTuningProblem problem = Problem();
  const AttributionTask task = *problem.Task();
  ASSERT_TRUE(ReadCheckpoint(task, CheckpointKind::kFullData, 1, problem.ledger()).ok());
  EXPECT_EQ(ledger_.Total().retrainings, 1);
}

TEST_F(RefitTest, CheckpointsComeWithWhatTheySawAndTheirOutputs) {
  LiveTuningProblem problem = Problem();
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

// Curves of the damping that need no retrained subset, for real methods on the worked example. The
// expected values come from whole score matrices.
class CurvesTest : public testing::Test {
 protected:
  // A method with two half-data models, or with the full-data model.
  void Fit(const std::string& variant, const std::map<std::string, std::string>& values = {}) {
    const MethodVariant found = *FindMethodVariant(variant);
    facts_ = found.method->space.facts();
    hyperparameters_ = found.hyperparameters;
    for (const auto& [name, value] : values) hyperparameters_ = *hyperparameters_.With(name, value);
    method_ = found.method->make();
    read_.clear();
    AttributionTask watched = task_;
    watched.checkpoint = [this](CheckpointKind kind, int64_t index) {
      read_.insert({kind, index});
      return task_.checkpoint(kind, index);
    };
    CostLedger nobody;
    sweep_.reset();  // it needs the attribution that it was made of to its end
    fitted_ = *method_->Fit(watched, hyperparameters_, nobody);
    truth_.subsets = Normal(kSubsets, task_.train.size(), 1).gt(0);
    sweep_ = std::make_unique<DampingSweep>(*DampingSweep::Make(*fitted_, truth_.subsets));
  }

  LiveTuningProblem Problem(CostLedger& ledger) {
    return LiveTuningProblem(
        {hyperparameters_,
         *sweep_,
         truth_,
         blocks_.tuning,
         Cost(),
         &task_,
         [this](const AttributionTask& task, const Hyperparameters& values, CostLedger& own) {
           ++fits_;
           return method_->Fit(task, values, own);
         },
         {read_.begin(), read_.end()},
         facts_,
         &curves_},
        ledger);
  }

  // Scores [train, train] with the training examples as targets, by the method fitted to one
  // checkpoint.
  at::Tensor TargetScores(CheckpointKind kind, int64_t index, const Damping& damping) {
    AttributionTask task = task_;
    task.test = task.train;
    task.checkpoint = [=](CheckpointKind, int64_t) { return task_.checkpoint(kind, index); };
    Hyperparameters one = hyperparameters_;
    if (!facts_.checkpoint_count().empty()) one = *one.With(facts_.checkpoint_count(), "1");
    CostLedger nobody;
    return (*(*method_->Fit(task, one, nobody))->Scores(damping, nobody)).to(at::kDouble);
  }

  at::Tensor Outputs(CheckpointKind kind, int64_t index) {
    const at::Tensor logits =
        example_.model().Logits(*task_.checkpoint(kind, index), task_.train.inputs);
    return OutputsOfLogits(logits, task_.train.labels).negative_loss;
  }
  at::Tensor Saw(CheckpointKind kind, int64_t index) { return *task_.trained_on(kind, index); }

  // The out-of-bag LDS of half-data models 0 to m - 1, sum by sum.
  double ExpectedOutOfBag(int64_t m, const Damping& damping) {
    const auto kind = CheckpointKind::kHalfData;
    const int64_t n = task_.train.size();
    at::Tensor predicted = at::zeros({m, n}, at::kDouble), outputs = at::empty_like(predicted);
    for (int64_t of = 0; of < m; ++of) {
      outputs[of] = Outputs(kind, of);
      const at::Tensor saw = Saw(kind, of);
      for (int64_t by = 0; by < m; ++by) {
        if (by == of) continue;
        const at::Tensor scores = TargetScores(kind, by, damping);
        for (int64_t j = 0; j < n; ++j) {
          for (int64_t i = 0; i < n; ++i) {
            if (i != j && saw[i].item<bool>()) predicted[of][j] += scores[i][j];
          }
        }
      }
    }
    return *MeanLds(predicted, outputs);
  }

  WorkedExample example_;
  AttributionTask task_ = example_.Task();
  GroundTruth truth_;
  EvaluationBlocks blocks_ = SplitIntoBlocks(kSubsets, task_.test.size());
  MethodFacts facts_;
  Hyperparameters hyperparameters_;
  std::unique_ptr<AttributionMethod> method_;
  std::set<CheckpointId> read_;
  std::unique_ptr<FittedAttribution> fitted_;
  std::unique_ptr<DampingSweep> sweep_;
  TuningCurves curves_;
  int fits_ = 0;
  const std::vector<Damping> dampings_ = {{.1, RELATIVE_TO_MEAN_EIGENVALUE},
                                          {10, RELATIVE_TO_MEAN_EIGENVALUE}};
};

TEST_F(CurvesTest, HeldOutIsTheMeanOverDrawsAtTheTuningTestsAndIsChargedToEach) {
  Fit("fisher");
  at::Tensor expected =
      at::zeros({2, static_cast<int64_t>(blocks_.tuning.tests.size())}, at::kDouble);
  CostLedger nobody;
  for (uint64_t draw = 0; draw < kHeldOutDraws; ++draw) {
    const HeldOutSplit split = *DrawHeldOutSplit(task_.train.size(), kHeldOutFraction, 1000, draw);
    const auto predictions = fitted_->PredictHeldOut(split, dampings_, nobody);
    expected.add_(HeldOutCriterion({*predictions}, 1)
                      .index_select(1, at::tensor(blocks_.tuning.tests, at::kLong)),
                  1.0 / kHeldOutDraws);
  }
  double flops = 0;
  for (int tuner = 0; tuner < 2; ++tuner) {
    CostLedger ledger;
    LiveTuningProblem problem = Problem(ledger);
    const auto curve = problem.HeldOut(dampings_, 0);
    ASSERT_TRUE(curve.ok()) << curve.status();
    EXPECT_TRUE(at::allclose(*curve, expected, 1e-12));
    EXPECT_FALSE(problem.looked_at_dampings()) << "it needs no decomposition of the whole matrix";
    EXPECT_EQ(ledger.Total().retrainings, 0);
    EXPECT_EQ(ledger.Total().gradient_evaluations, 0);
    if (tuner == 0) flops = ledger.phases().at("tuning").flops;
    EXPECT_EQ(ledger.phases().at("tuning").flops, flops);
  }
  EXPECT_GT(flops, 0);
  EXPECT_EQ(fits_, 0);
}

// Each draw looks at two models of an ensemble, on the same examples.
TEST_F(CurvesTest, HeldOutOfAnEnsembleIsThatOfItsMean) {
  Fit("fisher_10");
  const auto models = static_cast<int64_t>(read_.size());
  ASSERT_GT(models, 1);
  at::Tensor expected =
      at::zeros({2, static_cast<int64_t>(blocks_.tuning.tests.size())}, at::kDouble);
  CostLedger nobody;
  for (int64_t draw = 0; draw < kHeldOutDraws; ++draw) {
    HeldOutSplit split =
        *DrawHeldOutSplit(task_.train.size(), kHeldOutFraction, 1000, static_cast<uint64_t>(draw));
    std::vector<HeldOutPredictions> members;
    for (const int64_t model : {2 * draw, 2 * draw + 1}) {
      split.checkpoint = model;
      members.push_back(*fitted_->PredictHeldOut(split, dampings_, nobody));
    }
    expected.add_(HeldOutCriterion(members, models)
                      .index_select(1, at::tensor(blocks_.tuning.tests, at::kLong)),
                  1.0 / kHeldOutDraws);
  }
  CostLedger ledger;
  const auto curve = Problem(ledger).HeldOut(dampings_, 0);
  ASSERT_TRUE(curve.ok()) << curve.status();
  EXPECT_TRUE(at::allclose(*curve, expected, 1e-12));
}

// The reporting tests become noise, and every retrained output NaN: no curve changes.
TEST_F(CurvesTest, NoCurveSeesReportingTestsOrRetrainedOutputs) {
  for (const char* method : {"fisher", "kfac"}) {
    std::vector<at::Tensor> before;
    for (int round = 0; round < 2; ++round) {
      if (round == 1) {
        task_.test.inputs = task_.test.inputs.clone();
        task_.test.inputs.index_fill_(0, at::tensor(blocks_.reporting.tests, at::kLong), 7);
        truth_.negative_loss = at::full({kSubsets, 1, task_.test.size()}, std::nan(""));
      }
      Fit(method);
      curves_ = TuningCurves();
      CostLedger ledger;
      LiveTuningProblem problem = Problem(ledger);
      const std::vector<at::Tensor> now = {
          *problem.HeldOut(dampings_, 0), at::tensor(*problem.OutOfBag(dampings_, 2), at::kDouble),
          at::tensor(*problem.OneRetraining(dampings_), at::kDouble)};
      if (round == 0) before = now;
      for (size_t i = 0; i < now.size(); ++i) {
        EXPECT_TRUE(at::allclose(now[i], before[i], 1e-9, 1e-12)) << method << " " << i;
      }
    }
    task_ = example_.Task();
  }
}

// The expected values come from whole score matrices and from the reference's own criterion.
TEST_F(CurvesTest, WithoutFeaturesHeldOutIsTheAgreementWithTheReference) {
  Fit("kfac");
  const at::Tensor tests = at::tensor(blocks_.tuning.tests, at::kLong);
  const at::Tensor subsets =
      truth_.subsets.index_select(0, at::tensor(blocks_.tuning.subsets, at::kLong));
  CostLedger nobody;
  AttributionTask task = task_;
  task.test = task.test.Rows(tests);
  const auto reference = *FitReference(task, {CheckpointKind::kFullData, 0}, nobody);
  const std::vector<Damping> grid = RelativeDampingGrid();
  at::Tensor criterion = at::zeros({static_cast<int64_t>(grid.size())}, at::kDouble);
  for (uint64_t draw = 0; draw < kHeldOutDraws; ++draw) {
    const HeldOutSplit split = *DrawHeldOutSplit(task.train.size(), kHeldOutFraction, 1000, draw);
    criterion.add_(HeldOutCriterion({*reference->PredictHeldOut(split, grid, nobody)}, 1).mean(1));
  }
  const Damping best = grid[criterion.argmax().item<int64_t>()];
  const auto sums = [&](FittedAttribution& fitted, const Damping& damping) {
    return at::matmul(subsets.to(at::kDouble), fitted.Scores(damping, nobody)->to(at::kDouble));
  };
  const at::Tensor expected = sums(*reference, best);

  CostLedger ledger;
  LiveTuningProblem problem = Problem(ledger);
  const auto curve = problem.HeldOut(dampings_, 0);
  ASSERT_TRUE(curve.ok()) << curve.status();
  for (size_t d = 0; d < dampings_.size(); ++d) {
    const auto agreement =
        LdsPerTest(sums(*fitted_, dampings_[d]).index_select(1, tests), expected);
    ASSERT_TRUE(agreement.ok()) << agreement.status();
    EXPECT_TRUE(at::allclose((*curve)[d], at::tensor(*agreement, at::kDouble), 1e-9, 1e-9));
  }
  EXPECT_EQ(fits_, 0);
  EXPECT_TRUE(problem.looked_at_dampings());
  EXPECT_EQ(ledger.Total().retrainings, 0);
  EXPECT_GE(ledger.phases().at("tuning").gradient_evaluations, task.train.size());
}

// Absolute dampings cannot be carried over by J; sums are the same in any unit.
TEST_F(CurvesTest, AbsoluteDampingsAreJudgedByAgreement) {
  Fit("fisher");
  CostLedger ledger;
  LiveTuningProblem problem = Problem(ledger);
  const auto curve = problem.HeldOut({{1e-3, ABSOLUTE}, {10, ABSOLUTE}}, 0);
  ASSERT_TRUE(curve.ok()) << curve.status();
  EXPECT_TRUE(curve->le(1 + 1e-12).all().item<bool>());
  EXPECT_TRUE(curve->ge(-1 - 1e-12).all().item<bool>());
}

// Features of the method's own ensemble; whole score matrices are the other way to it.
TEST_F(CurvesTest, OutOfBagOfTheMethodsOwnModels) {
  Fit("fisher_half", {{"checkpoints", "3"}});
  CostLedger ledger;
  LiveTuningProblem problem = Problem(ledger);
  const auto values = problem.OutOfBag(dampings_, 0);
  ASSERT_TRUE(values.ok()) << values.status();
  for (size_t d = 0; d < dampings_.size(); ++d) {
    EXPECT_NEAR((*values)[d], ExpectedOutOfBag(3, dampings_[d]), 1e-9);
  }
  EXPECT_EQ(fits_, 0);
  EXPECT_EQ(ledger.Total().retrainings, 0);
  EXPECT_TRUE(problem.looked_at_dampings());
}

TEST_F(CurvesTest, OutOfBagTrainsModelsForTheMethodsWithoutAnEnsemble) {
  for (const char* method : {"fisher", "kfac"}) {
    Fit(method);
    curves_ = TuningCurves();
    CostLedger ledger;
    LiveTuningProblem problem = Problem(ledger);
    EXPECT_EQ(problem.OutOfBag(dampings_, 0).status().code(), absl::StatusCode::kUnimplemented);
    const auto values = problem.OutOfBag(dampings_, 3);
    ASSERT_TRUE(values.ok()) << values.status();
    for (size_t d = 0; d < dampings_.size(); ++d) {
      EXPECT_NEAR((*values)[d], ExpectedOutOfBag(3, dampings_[d]), 1e-9) << method;
    }
    EXPECT_EQ(ledger.phases().at("tuning").retrainings, 3);
  }
}

TEST_F(CurvesTest, OneRetrainingComparesChangesOfUnseenExamples) {
  for (const char* method : {"fisher", "kfac"}) {
    Fit(method);
    curves_ = TuningCurves();
    CostLedger ledger;
    LiveTuningProblem problem = Problem(ledger);
    const auto values = problem.OneRetraining(dampings_);
    ASSERT_TRUE(values.ok()) << values.status();
    EXPECT_EQ(ledger.phases().at("tuning").retrainings, 1);
    const at::Tensor unseen = Saw(CheckpointKind::kHalfData, 0).logical_not();
    const at::Tensor change =
        Outputs(CheckpointKind::kHalfData, 0).sub(Outputs(CheckpointKind::kFullData, 0));
    for (size_t d = 0; d < dampings_.size(); ++d) {
      // The examples that were taken away, the target itself among them.
      const at::Tensor scores = TargetScores(CheckpointKind::kFullData, 0, dampings_[d]);
      const at::Tensor predicted =
          at::matmul(unseen.to(at::kDouble).unsqueeze(0), scores).squeeze(0).neg();
      EXPECT_NEAR((*values)[d], *ChangeCorrelation(predicted, change, unseen), 1e-9) << method;
    }
  }
}

}  // namespace
}  // namespace attribench
