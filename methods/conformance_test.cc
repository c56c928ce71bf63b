// SPDX-License-Identifier: Apache-2.0
//
// Tests what every method must do. The flag --method names the method. The test uses the cheapest
// point of its hyperparameter space.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "datasets/random_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "methods/device.h"
#include "methods/fit_on_device.h"
#include "methods/registry.h"
#include "methods/requirements.h"
#include "methods/second_device.h"
#include "methods/worked_example.h"

ABSL_FLAG(std::string, method, "", "the method under test");
ABSL_FLAG(std::string, device, "",
          "the device that is compared with the CPU, such as cuda; default: a device that behaves "
          "as a GPU does");

namespace attribench {
namespace {

// The method computes in double here. Permuting or dropping examples changes the order of sums and
// the iterations of an eigensolver: relative to the largest score, 1e-8 leaves eight digits for the
// condition numbers of the dampings tried.
constexpr double kTolerance = 1e-8;

const RegisteredMethod& Method() {
  static const auto* method = new RegisteredMethod([] {
    for (const RegisteredMethod& candidate : *RegisteredMethods()) {
      if (candidate.name == absl::GetFlag(FLAGS_method)) return candidate;
    }
    return RegisteredMethod{};
  }());
  return *method;
}

const MethodFacts& Facts() { return Method().space.facts(); }

const WorkedExample& Example() {
  static const auto* example = new WorkedExample;
  return *example;
}

std::map<std::string, std::string> CheapestPoint() {
  std::map<std::string, std::string> point;
  for (const Hyperparameter& h : Method().space.hyperparameters()) {
    if (h.kind() == Hyperparameter::INTEGER && h.grid_size() > 0) point[h.name()] = h.grid(0);
  }
  return point;
}

Hyperparameters Cheapest() { return *Hyperparameters::Make(Method().space, CheapestPoint()); }

std::vector<Damping> Dampings() {
  const Hyperparameters hyperparameters = Cheapest();
  return hyperparameters.HasDamping() ? hyperparameters.DampingGrid()
                                      : std::vector<Damping>{Damping{}};
}

Damping DefaultDamping() {
  const Hyperparameters hyperparameters = Cheapest();
  return hyperparameters.HasDamping() ? hyperparameters.DefaultDamping() : Damping{};
}

std::unique_ptr<FittedAttribution> MustFit(const AttributionTask& task,
                                           const Hyperparameters& hyperparameters = Cheapest()) {
  CostLedger ledger;
  absl::StatusOr<std::unique_ptr<FittedAttribution>> fitted =
      Method().make()->Fit(task, hyperparameters, ledger);
  EXPECT_TRUE(fitted.ok()) << fitted.status();
  return fitted.ok() ? *std::move(fitted) : nullptr;
}

at::Tensor ScoresOf(FittedAttribution& fitted, const Damping& damping) {
  CostLedger ledger;
  const absl::StatusOr<at::Tensor> scores = fitted.Scores(damping, ledger);
  EXPECT_TRUE(scores.ok()) << scores.status();
  return scores.ok() ? scores->to(at::kDouble) : at::zeros({1, 1}, at::kDouble);
}

void ExpectClose(const at::Tensor& a, const at::Tensor& b, double tolerance = kTolerance) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_LE(a.sub(b).abs().max().item<double>(), tolerance * b.abs().max().item<double>());
}

// The condition number of a damped matrix is in inverse proportion to a small damping, and so are
// the digits that rounding takes: two more at 1e-6 x mean eigenvalue than at 1e-4.
double ToleranceAt(const Damping& damping) {
  if (damping.unit != RELATIVE_TO_MEAN_EIGENVALUE || damping.value <= 0) return kTolerance;
  return kTolerance * std::max(1.0, 1e-4 / damping.value);
}

TEST(ConformanceTest, IsRegisteredWithAWholeSpace) {
  ASSERT_EQ(Method().name, absl::GetFlag(FLAGS_method))
      << "the target's name and the registered name differ";
  EXPECT_FALSE(Method().space.summary().empty());
  EXPECT_FALSE(Method().space.source().empty());
  for (const Hyperparameter& h : Method().space.hyperparameters()) {
    EXPECT_FALSE(h.description().empty()) << h.name();
    EXPECT_GT(h.grid_size(), 0) << h.name();
  }
}

TEST(ConformanceTest, ScoresHaveTheirShapeAndAreFinite) {
  const auto fitted = MustFit(Example().Task());
  ASSERT_NE(fitted, nullptr);
  for (const Damping& damping : Dampings()) {
    const at::Tensor scores = ScoresOf(*fitted, damping);
    ASSERT_EQ(scores.size(0), Example().train().size());
    ASSERT_EQ(scores.size(1), Example().test().size());
    EXPECT_TRUE(at::isfinite(scores).all().item<bool>()) << ToString(damping);
  }
}

TEST(ConformanceTest, PermutingTheTrainingExamplesPermutesTheRows) {
  AttributionTask task = Example().Task();
  const auto fitted = MustFit(task);
  const at::Tensor order = at::arange(Example().train().size(), at::kLong).flip(0).roll(7);
  task.train = task.train.Rows(order);
  const auto permuted = MustFit(task);
  SCOPED_TRACE("rows of scores must follow the order of task.train");
  ASSERT_TRUE(fitted != nullptr && permuted != nullptr);
  const at::Tensor scores = ScoresOf(*fitted, DefaultDamping());
  ExpectClose(ScoresOf(*permuted, DefaultDamping()), scores.index_select(0, order));
  EXPECT_GT(scores.sub(scores.index_select(0, order)).abs().max().item<double>(),
            kTolerance * scores.abs().max().item<double>());
}

TEST(ConformanceTest, TestExamplesDoNotTouchEachOther) {
  AttributionTask task = Example().Task();
  const auto fitted = MustFit(task);
  const at::Tensor some = at::tensor({7, 2, 5}, at::kLong);
  task.test = task.test.Rows(some);
  const auto fewer = MustFit(task);
  SCOPED_TRACE(
      "a test example's scores depend on the others: is something averaged over task.test?");
  ASSERT_TRUE(fitted != nullptr && fewer != nullptr);
  ExpectClose(ScoresOf(*fewer, DefaultDamping()),
              ScoresOf(*fitted, DefaultDamping()).index_select(1, some));
}

TEST(ConformanceTest, TheSameFitGivesTheSameScores) {
  const auto first = MustFit(Example().Task()), second = MustFit(Example().Task());
  ASSERT_TRUE(first != nullptr && second != nullptr);
  EXPECT_TRUE(at::equal(ScoresOf(*first, DefaultDamping()), ScoresOf(*second, DefaultDamping())));
}

TEST(ConformanceTest, ScoringAtOneDampingLeavesTheOthersAsTheyWere) {
  const auto asked_often = MustFit(Example().Task());
  ASSERT_NE(asked_often, nullptr);
  for (const Damping& damping : Dampings()) ScoresOf(*asked_often, damping);
  const auto asked_once = MustFit(Example().Task());
  EXPECT_TRUE(
      at::equal(ScoresOf(*asked_often, DefaultDamping()), ScoresOf(*asked_once, DefaultDamping())));
}

// A training example helps the prediction of itself.
TEST(ConformanceTest, SelfInfluenceIsPositive) {
  if (!Method().space.informative()) GTEST_SKIP() << "a control";
  AttributionTask task = Example().Task();
  task.test = task.train.Rows(at::arange(20, at::kLong));
  const auto fitted = MustFit(task);
  ASSERT_NE(fitted, nullptr);
  for (const Damping& damping : Dampings()) {
    EXPECT_GT(ScoresOf(*fitted, damping).slice(0, 0, 20).diagonal().min().item<double>(), 0)
        << ToString(damping);
  }
}

// The limit holds the gradients of only a few examples. The method must compute the others again.
TEST(ConformanceTest, AMemoryLimitChangesNoScores) {
  AttributionTask task = Example().Task();
  const auto fitted = MustFit(task);
  task.memory_limit = 2000;
  const auto bounded = MustFit(task);
  ASSERT_TRUE(fitted != nullptr && bounded != nullptr);
  ExpectClose(ScoresOf(*bounded, DefaultDamping()), ScoresOf(*fitted, DefaultDamping()));
}

// Convolutions and batch norm are scored like the rest, or refused by name.
TEST(ConformanceTest, ConvolutionsAreScoredOrRefused) {
  static const auto* example = new WorkedExample(WorkedExample::WithConvolutions());
  AttributionTask task = example->Task();
  task.test = task.train.Rows(at::arange(6, at::kLong));
  CostLedger ledger;
  const auto fitted = Method().make()->Fit(task, Cheapest(), ledger);
  EXPECT_EQ(fitted.ok(), Facts().layers() == MethodFacts::ANY_LAYERS)
      << "facts.layers of the hyperparameter file says otherwise";
  if (!fitted.ok()) {
    EXPECT_EQ(fitted.status().code(), absl::StatusCode::kUnimplemented) << fitted.status();
    EXPECT_THAT(std::string(fitted.status().message()),
                testing::HasSubstr(example->model().Description()));
    return;
  }
  const at::Tensor scores = ScoresOf(**fitted, DefaultDamping());
  ASSERT_EQ(scores.size(0), 60);
  ASSERT_EQ(scores.size(1), 6);
  EXPECT_TRUE(at::isfinite(scores).all().item<bool>());
  if (!Method().space.informative()) return;
  EXPECT_GT(scores.slice(0, 0, 6).diagonal().min().item<double>(), 0) << "of itself";
}

// The cheapest point, and those that differ from it in one choice.
std::vector<Hyperparameters> PointsOfEachChoice() {
  std::vector<Hyperparameters> points = {Cheapest()};
  for (const Hyperparameter& h : Method().space.hyperparameters()) {
    if (h.kind() != Hyperparameter::CHOICE && h.name() != "curvature_fraction") continue;
    for (const std::string& value : h.grid()) {
      std::map<std::string, std::string> point = CheapestPoint();
      point[h.name()] = value;
      points.push_back(*Hyperparameters::Make(Method().space, point));
    }
  }
  return points;
}

// A device gives what the CPU gives: scores, sums, moments, and what tuners ask for.
void ExpectTheSameOn(const at::Device& device, AttributionTask task, const Hyperparameters& point) {
  CostLedger on_cpu, on_device;
  const auto expected = FitOnDevice(*Method().make(), task, point, on_cpu);
  task.device = device;
  const auto fitted = FitOnDevice(*Method().make(), task, point, on_device);
  ASSERT_EQ(fitted.status(), expected.status());
  if (!fitted.ok()) return;
  const Damping damping = point.HasDamping() ? point.DefaultDamping() : Damping{};
  ExpectClose(ScoresOf(**fitted, damping), ScoresOf(**expected, damping));
  EXPECT_EQ((*fitted)->AbsoluteDampingOf(damping).ok(),
            (*expected)->AbsoluteDampingOf(damping).ok());
  EXPECT_EQ((*fitted)->MomentsOf(), (*expected)->MomentsOf());
  const int64_t n = task.train.size();
  const at::Tensor odd = at::arange(n, at::kLong).remainder(2).eq(1);
  const at::Tensor subsets = at::stack({odd, odd.logical_not()});
  const auto sums = (*fitted)->ScoreSubsets(subsets, on_device);
  const auto expected_sums = (*expected)->ScoreSubsets(subsets, on_cpu);
  ASSERT_TRUE(sums.ok() && expected_sums.ok()) << sums.status();
  ExpectClose(*(*sums)->Sums(damping, on_device), *(*expected_sums)->Sums(damping, on_cpu));
  const auto moments = (*fitted)->Moments({damping}, on_device);
  const auto expected_moments = (*expected)->Moments({damping}, on_cpu);
  ASSERT_EQ(moments.status(), expected_moments.status());
  if (moments.ok()) ExpectClose(moments->t3, expected_moments->t3);
  const HeldOutSplit split = {odd.nonzero().squeeze(1), odd.logical_not().nonzero().squeeze(1),
                              at::tensor({3, 1}, at::kLong)};
  const auto held_out = (*fitted)->PredictHeldOut(split, {damping}, on_device);
  const auto expected_held_out = (*expected)->PredictHeldOut(split, {damping}, on_cpu);
  ASSERT_EQ(held_out.status(), expected_held_out.status());
  if (held_out.ok()) ExpectClose(held_out->held_out, expected_held_out->held_out);
  const auto targets = (*fitted)->ScoreTrainingTargets(subsets, on_device);
  const auto expected_targets = (*expected)->ScoreTrainingTargets(subsets, on_cpu);
  ASSERT_EQ(targets.status(), expected_targets.status());
  if (targets.ok()) {
    ExpectClose((*targets)->Sums(damping, on_device)->sums.flatten(0, 1),
                (*expected_targets)->Sums(damping, on_cpu)->sums.flatten(0, 1));
  }
  // The same work is charged, and its time to the device.
  EXPECT_NEAR(on_device.Total().flops, on_cpu.Total().flops, 1e-2 * on_cpu.Total().flops);
  EXPECT_GT(on_device.Total().device_seconds, 0);
  EXPECT_EQ(on_cpu.Total().device_seconds, 0);
}

TEST(ConformanceTest, AnotherDeviceGivesTheSame) {
  const std::string name = absl::GetFlag(FLAGS_device);
  const at::Device device = name.empty() ? SecondDevice() : *ParseDevice(name);
  const absl::Status ready = PrepareDevice(device);
  ASSERT_TRUE(ready.ok()) << ready;
  static const auto* examples = new std::vector<WorkedExample>{
      WorkedExample({5}), WorkedExample::WithConvolutions(), WorkedExample::WithCnn()};
  for (const WorkedExample& example : *examples) {
    for (const Hyperparameters& point : PointsOfEachChoice()) {
      std::string values = example.model().Description();
      for (const auto& [key, value] : point.values())
        absl::StrAppend(&values, ", ", key, "=", value);
      SCOPED_TRACE(values);
      ExpectTheSameOn(device, example.Task(), point);
    }
  }
}

TEST(ConformanceTest, SumsOverSubsetsAreThoseOfTheScores) {
  const auto fitted = MustFit(Example().Task());
  ASSERT_NE(fitted, nullptr);
  const int64_t n = Example().train().size();
  at::Tensor subsets = at::zeros({3, n}, at::kBool);
  for (int64_t m = 0; m < 3; ++m) {
    const std::vector<int64_t> members =
        RandomStream(1, "subsets", {static_cast<uint64_t>(m)}).Sample(n, n / 2);
    subsets[m].index_fill_(0, at::tensor(members, at::kLong), true);
  }
  CostLedger ledger;
  const auto scorer = fitted->ScoreSubsets(subsets, ledger);
  ASSERT_TRUE(scorer.ok()) << scorer.status();
  for (const Damping& damping : Dampings()) {
    const auto sums = (*scorer)->Sums(damping, ledger);
    ASSERT_TRUE(sums.ok()) << sums.status();
    ExpectClose(*sums, at::matmul(subsets.to(at::kDouble), ScoresOf(*fitted, damping)),
                ToleranceAt(damping));
  }
  // Subsets of another number of training examples.
  const auto wrong = fitted->ScoreSubsets(subsets.slice(1, 1), ledger);
  const absl::Status status =
      wrong.ok() ? (*wrong)->Sums(DefaultDamping(), ledger).status() : wrong.status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
}

// The cheapest point with each kind of checkpoint that the method takes.
std::vector<Hyperparameters> PointsOfEachCheckpointKind() {
  std::vector<Hyperparameters> points;
  for (const Hyperparameter& h : Method().space.hyperparameters()) {
    if (h.name() != "checkpoint_kind") continue;
    for (const std::string& kind : h.grid()) {
      std::map<std::string, std::string> point = CheapestPoint();
      point[h.name()] = kind;
      points.push_back(*Hyperparameters::Make(Method().space, point));
    }
  }
  if (points.empty()) points.push_back(Cheapest());
  return points;
}

// A method reads checkpoints of the kind that its facts name, and as many of them as its facts say.
TEST(ConformanceTest, ReadsTheCheckpointsOfItsFacts) {
  AttributionTask task = Example().Task();
  std::set<std::pair<CheckpointKind, int64_t>> read;
  const auto all = task.checkpoint;
  task.checkpoint = [&read, all](CheckpointKind kind, int64_t index) {
    read.insert({kind, index});
    return all(kind, index);
  };
  for (const Hyperparameters& point : PointsOfEachCheckpointKind()) {
    read.clear();
    ASSERT_NE(MustFit(task, point), nullptr);
    const absl::StatusOr<CheckpointKind> kind = CheckpointKindOf(Facts(), point);
    if (!kind.ok()) {
      EXPECT_EQ(read.size(), 0u);
      continue;
    }
    const std::string& count = Facts().checkpoint_count();
    EXPECT_EQ(read.size(), static_cast<size_t>(count.empty() ? 1 : point.Integer(count)));
    for (const auto& [of_kind, index] : read) {
      EXPECT_TRUE(of_kind == *kind)
          << "checkpoint " << index << " that Fit read is of another kind than "
          << MethodFacts::Checkpoints_Name(Facts().checkpoints())
          << ", which facts.checkpoints says";
    }
  }
}

// The gradients of one example's output under all labels, weighted by the model's probabilities
// (and for margins also by 1 - p_y), sum to 0. A method that is linear in them gives scores that do
// too.
TEST(ConformanceTest, LinearInTheTestGradientIfItsFactsSaySo) {
  if (!Facts().linear_in_test_gradient()) GTEST_SKIP() << "not linear, by its facts";
  AttributionTask task = Example().Task();
  const int64_t t = task.test.size(), classes = task.model->num_classes();
  const Parameters parameters = *task.checkpoint(*CheckpointKindOf(Facts(), Cheapest()), 0);
  const at::Tensor p = at::softmax(task.model->Logits(parameters, task.test.inputs), 1);
  const at::Tensor weights =
      Facts().output() == MethodFacts::MARGIN ? p.mul(p.neg().add(1)) : p;  // [t, classes]
  task.test = {task.test.inputs.repeat_interleave(classes, 0),
               at::arange(classes, at::kLong).repeat({t})};
  const auto fitted = MustFit(task);
  ASSERT_NE(fitted, nullptr);
  const at::Tensor terms =
      ScoresOf(*fitted, DefaultDamping()).view({-1, t, classes}).mul(weights.unsqueeze(0));
  EXPECT_LE(terms.sum(2).abs().max().item<double>(), kTolerance * terms.abs().max().item<double>())
      << "facts.linear_in_test_gradient, facts.output or facts.checkpoints is wrong";
}

// Scores at one damping by a Cholesky factor and by an eigendecomposition, in double. Each solves a
// system of n rows with the error n^(3/2) epsilon times the condition number, relative to the
// largest score; n is at most 60, and the condition number at most 1 + trace / lambda.
void ExpectCloseAtDamping(const at::Tensor& a, const at::Tensor& b, FittedAttribution& fitted,
                          const Damping& damping) {
  double tolerance = kTolerance;
  if (Cheapest().HasDamping()) {
    const double condition =
        1 + *fitted.AbsoluteDampingOf({1, RELATIVE_TO_TRACE}) / *fitted.AbsoluteDampingOf(damping);
    tolerance = std::max(tolerance, std::pow(60, 1.5) * 2.2e-16 * condition);
  }
  EXPECT_LE(a.sub(b).abs().max().item<double>(), tolerance * b.abs().max().item<double>())
      << ToString(damping);
}

TEST(ConformanceTest, OneDampingGivesTheScoresOfTheSweep) {
  AttributionTask task = Example().Task();
  for (const bool own : {false, true}) {
    if (own) {
      task.own_curvature_examples =
          CurvatureExamples{task.train.Rows(at::arange(0, 15, at::kLong)), {}};
    }
    const auto sweep = MustFit(task);
    ASSERT_NE(sweep, nullptr);
    for (const Damping& damping : Dampings()) {
      CostLedger ledger;
      const auto scores = Method().make()->Attribute(task, Cheapest(), damping, ledger);
      ASSERT_TRUE(scores.ok()) << scores.status();
      ExpectCloseAtDamping(scores->to(at::kDouble), ScoresOf(*sweep, damping), *sweep, damping);
    }
  }
}

// After a fit for one damping, everything else is there too, and as after a fit for many.
TEST(ConformanceTest, OneDampingIsOnlyAHint) {
  AttributionTask task = Example().Task();
  const auto many = MustFit(task);
  task.one_damping = true;
  const auto one = MustFit(task), prepared = MustFit(task);
  ASSERT_TRUE(many != nullptr && one != nullptr && prepared != nullptr);
  CostLedger ledger;
  ASSERT_TRUE(prepared->PrepareManyDampings(ledger).ok());
  EXPECT_TRUE(at::equal(ScoresOf(*prepared, DefaultDamping()), ScoresOf(*many, DefaultDamping())));
  const at::Tensor subsets = at::ones({1, task.train.size()}, at::kBool);
  const auto scorer = one->ScoreSubsets(subsets, ledger),
             of_many = many->ScoreSubsets(subsets, ledger);
  ASSERT_TRUE(scorer.ok() && of_many.ok()) << scorer.status();
  ExpectClose(*(*scorer)->Sums(DefaultDamping(), ledger),
              *(*of_many)->Sums(DefaultDamping(), ledger));
  if (!Cheapest().HasDamping()) return;
  task.one_damping = true;
  const auto another = MustFit(task);
  const auto moments = another->Moments({DefaultDamping()}, ledger);
  ASSERT_TRUE(moments.ok()) << moments.status();
  ExpectClose(moments->t2, many->Moments({DefaultDamping()}, ledger)->t2);
}

// Operations of a fit, of the preparation of many dampings after it, and of scores at one damping.
struct Operations {
  double fit = 0, preparation = 0, scores = 0;
};

Operations OperationsOf(bool one_damping, int64_t num_tests) {
  AttributionTask task = Example().Task();
  task.test = task.test.Rows(at::arange(num_tests, at::kLong));
  task.one_damping = one_damping;
  CostLedger fit, scores, preparation;
  const auto fitted = Method().make()->Fit(task, Cheapest(), fit);
  EXPECT_TRUE(fitted.ok()) << fitted.status();
  if (!fitted.ok()) return {};
  EXPECT_TRUE((*fitted)->Scores(DefaultDamping(), scores).ok());
  EXPECT_TRUE((*fitted)->PrepareManyDampings(preparation).ok());
  return {fit.Total().flops, preparation.Total().flops, scores.Total().flops};
}

// The facts declare the cheapest path to one damping. Its charge must be that of the declared path.
// Operations are whole numbers and thirds below 2^53: sums differ by rounding only.
TEST(ConformanceTest, ChargesOneDampingAsItsFactsSay) {
  const Operations one = OperationsOf(true, 12), many = OperationsOf(false, 12);
  EXPECT_EQ(many.preparation, 0) << "a fit for many dampings has nothing left to prepare";
  EXPECT_NEAR(one.fit + one.preparation, many.fit, 1e-9 * many.fit)
      << "a fit for one damping and the preparation of many must cost what a fit for many costs";
  if (Facts().one_damping() != MethodFacts::CHOLESKY) {
    EXPECT_EQ(one.preparation, 0)
        << "the fit leaves something out for one damping: a method that "
           "uses a damped spectrum declares one_damping: CHOLESKY in its facts";
    EXPECT_EQ(one.scores, many.scores);
    return;
  }
  EXPECT_LT(one.fit + one.scores, many.fit + many.scores);
  // Without the part that grows with the test examples: r^3 / 3 for a factor of each damped matrix,
  // at least 9 r^3 for its eigendecomposition.
  const Operations half = OperationsOf(true, 6);
  const double factors = 2 * half.scores - one.scores;
  EXPECT_GT(factors, 0) << "facts.one_damping says CHOLESKY, and no factor is charged";
  EXPECT_GE(2 * half.preparation - one.preparation, 27 * factors * (1 - 1e-9));
}

// lambda is the damping's value, or the value times the mean eigenvalue or the trace of the damped
// matrix. The trace is the mean eigenvalue times the number of rows.
TEST(ConformanceTest, EveryUnitOfDampingMeansWhatItSays) {
  if (!Cheapest().HasDamping()) GTEST_SKIP() << "not damped";
  const auto fitted = MustFit(Example().Task());
  ASSERT_NE(fitted, nullptr);
  const double mean = *fitted->AbsoluteDampingOf({1, RELATIVE_TO_MEAN_EIGENVALUE});
  const double trace = *fitted->AbsoluteDampingOf({1, RELATIVE_TO_TRACE});
  EXPECT_NEAR(trace / mean, std::round(trace / mean), 1e-9 * trace / mean);
  EXPECT_GT(trace / mean, 1.5) << "the number of rows of the damped matrix";
  EXPECT_NEAR(*fitted->AbsoluteDampingOf({.3, ABSOLUTE}), .3, 1e-15);
  for (const auto& [unit, lambda] : {std::make_pair(RELATIVE_TO_MEAN_EIGENVALUE, .3 * mean),
                                     std::make_pair(RELATIVE_TO_TRACE, .3 * trace)}) {
    EXPECT_NEAR(*fitted->AbsoluteDampingOf({.3, unit}) / lambda, 1, 1e-12);
    ExpectClose(ScoresOf(*fitted, {.3, unit}), ScoresOf(*fitted, {lambda, ABSOLUTE}));
  }
}

// The curvature examples get the same scores as in a task that has no other training examples.
TEST(ConformanceTest, CurvatureComesFromTheCurvatureExamples) {
  if (Facts().curvature().empty()) GTEST_SKIP() << "no curvature";
  const at::Tensor part = at::arange(0, Example().train().size(), 2, at::kLong);
  AttributionTask alone = Example().Task(), task = alone;
  alone.train = task.train.Rows(part);
  task.own_curvature_examples = CurvatureExamples{alone.train, {}};
  const auto expected = MustFit(alone), fitted = MustFit(task);
  ASSERT_TRUE(expected != nullptr && fitted != nullptr);
  for (const Damping& damping : Dampings()) {
    SCOPED_TRACE(ToString(damping));
    EXPECT_NEAR(*fitted->AbsoluteDampingOf(damping) / *expected->AbsoluteDampingOf(damping), 1,
                kTolerance);
    ExpectClose(ScoresOf(*fitted, damping).index_select(0, part), ScoresOf(*expected, damping),
                ToleranceAt(damping));
    ASSERT_FALSE(testing::Test::HasFailure())
        << "the damped matrix must come from task.curvature_examples(); TaskFeatures::Make does so";
  }
}

// An example with weight 2 counts as two examples, also in the moments.
TEST(ConformanceTest, CurvatureExamplesHaveWeights) {
  if (Facts().curvature().empty()) GTEST_SKIP() << "no curvature";
  const at::Tensor part = at::arange(0, Example().train().size(), 2, at::kLong);
  AttributionTask twice = Example().Task(), task = twice;
  const at::Tensor heavy = part.slice(0, 0, 5);
  twice.own_curvature_examples = CurvatureExamples{task.train.Rows(at::cat({part, heavy})), {}};
  at::Tensor weights = at::ones({part.size(0)}, at::kDouble);
  weights.slice(0, 0, 5).fill_(2);
  task.own_curvature_examples = CurvatureExamples{task.train.Rows(part), weights.mul(3)};
  const auto expected = MustFit(twice), fitted = MustFit(task);
  ASSERT_TRUE(expected != nullptr && fitted != nullptr);
  ExpectClose(ScoresOf(*fitted, DefaultDamping()), ScoresOf(*expected, DefaultDamping()));
  CostLedger ledger;
  const auto moments = fitted->Moments({DefaultDamping()}, ledger),
             of_twice = expected->Moments({DefaultDamping()}, ledger);
  ASSERT_TRUE(moments.ok() && of_twice.ok()) << moments.status() << of_twice.status();
  ExpectClose(moments->t2, of_twice->t2);
}

TEST(ConformanceTest, CurvatureFractionDrawsCurvatureExamples) {
  const auto& declared = Method().space.hyperparameters();
  if (std::none_of(declared.begin(), declared.end(),
                   [](const Hyperparameter& h) { return h.name() == "curvature_fraction"; })) {
    GTEST_SKIP() << "no hyperparameter curvature_fraction";
  }
  std::map<std::string, std::string> point = CheapestPoint();
  point["curvature_fraction"] = "0.5";
  const auto hyperparameters = Hyperparameters::Make(Method().space, point);
  ASSERT_TRUE(hyperparameters.ok()) << hyperparameters.status();
  AttributionTask task = Example().Task();
  CostLedger ledger;
  const auto half = Method().make()->Fit(task, *hyperparameters, ledger);
  ASSERT_TRUE(half.ok()) << half.status();
  task.own_curvature_examples = CurvatureExamples{
      task.train.Rows(at::tensor(RandomStream(1, "curvature fraction").Sample(60, 30), at::kLong)),
      {}};
  const auto expected = MustFit(task);
  ASSERT_NE(expected, nullptr);
  ExpectClose(ScoresOf(**half, DefaultDamping()), ScoresOf(*expected, DefaultDamping()));
  EXPECT_GT(ScoresOf(**half, DefaultDamping())
                .sub(ScoresOf(*MustFit(Example().Task()), DefaultDamping()))
                .abs()
                .max()
                .item<double>(),
            0)
      << "curvature_fraction has no effect";
}

// Compares with models that were really retrained: if -loss is larger for a subset, the sum of its
// scores must be larger too.
TEST(ConformanceTest, ScoresPredictRetrainedModels) {
  if (!Method().space.informative()) GTEST_SKIP() << "a control";
  constexpr int64_t kSubsets = 60;
  const WorkedExample::Retrained retrained = Example().RetrainSubsets(kSubsets);
  const auto fitted = MustFit(Example().Task());
  ASSERT_NE(fitted, nullptr);
  double best = -1;
  for (const Damping& damping : Dampings()) {
    at::Tensor predicted =
        at::matmul(retrained.subsets.to(at::kDouble), ScoresOf(*fitted, damping));
    predicted = predicted.sub(predicted.mean(0));
    const at::Tensor outputs = retrained.outputs.sub(retrained.outputs.mean(0));
    const at::Tensor correlation = predicted.mul(outputs).sum(0).div(
        predicted.square().sum(0).mul(outputs.square().sum(0)).sqrt());
    best = std::max(best, correlation.mean().item<double>());
  }
  // If the scores are noise, the mean correlation has a standard error of at most 1/sqrt(60) = .13,
  // even if all test examples are alike.
  EXPECT_GT(best, 0.26)
      << "sums of scores over a subset do not predict -loss of the models trained on it";
}

TEST(ConformanceTest, WhatCannotBeUsedIsRefused) {
  std::map<std::string, std::string> overrides = {{"no_such_hyperparameter", "1"}};
  EXPECT_EQ(Hyperparameters::Make(Method().space, overrides).status().code(),
            absl::StatusCode::kInvalidArgument);
  if (!Cheapest().HasDamping()) return;
  const auto fitted = MustFit(Example().Task());
  ASSERT_NE(fitted, nullptr);
  for (const double value : {-1.0, std::nan(""), HUGE_VAL}) {
    CostLedger ledger;
    EXPECT_EQ(fitted->Scores({value, ABSOLUTE}, ledger).status().code(),
              absl::StatusCode::kInvalidArgument)
        << value;
  }
}

TEST(ConformanceTest, ABrokenCheckpointIsAStatusNotANumber) {
  AttributionTask task = Example().Task();
  const auto intact = task.checkpoint;
  task.checkpoint = [intact](CheckpointKind kind, int64_t index) {
    absl::StatusOr<Parameters> parameters = intact(kind, index);
    for (Parameter& parameter : *parameters) parameter.value = parameter.value.mul(std::nan(""));
    return parameters;
  };
  CostLedger ledger;
  const auto fitted = Method().make()->Fit(task, Cheapest(), ledger);
  const absl::StatusOr<at::Tensor> scores = fitted.ok()
                                                ? (*fitted)->Scores(DefaultDamping(), ledger)
                                                : absl::StatusOr<at::Tensor>(fitted.status());
  if (!scores.ok()) {
    EXPECT_EQ(scores.status().code(), absl::StatusCode::kDataLoss) << scores.status();
    EXPECT_FALSE(scores.status().message().empty());
    return;
  }
  // The method does not use the broken values: the features before the last layer of this model are
  // its inputs. Then the scores are those of the intact checkpoint.
  const auto intact_fit = MustFit(Example().Task());
  ASSERT_NE(intact_fit, nullptr);
  EXPECT_TRUE(at::equal(*scores, *intact_fit->Scores(DefaultDamping(), ledger)));
}

TEST(ConformanceTest, AMissingCheckpointIsPassedOn) {
  if (!Method().space.informative()) GTEST_SKIP() << "a control";
  AttributionTask task = Example().Task();
  task.checkpoint = [](CheckpointKind, int64_t) -> absl::StatusOr<Parameters> {
    return absl::OutOfRangeError("no such checkpoint");
  };
  CostLedger ledger;
  EXPECT_EQ(Method().make()->Fit(task, Cheapest(), ledger).status().code(),
            absl::StatusCode::kOutOfRange);
}

// A method with several checkpoints must report a missing one before it spends hours on the first.
TEST(ConformanceTest, MissesTheSecondCheckpointBeforeItUsesTheFirst) {
  std::map<std::string, std::string> point = CheapestPoint();
  if (point.count("checkpoints") == 0) GTEST_SKIP() << "no ensemble";
  point["checkpoints"] = "2";
  AttributionTask task = Example().Task();
  const auto all = task.checkpoint;
  task.checkpoint = [all](CheckpointKind kind, int64_t index) -> absl::StatusOr<Parameters> {
    if (index > 0) return absl::OutOfRangeError("no such checkpoint");
    return all(kind, index);
  };
  CostLedger ledger;
  EXPECT_EQ(Method()
                .make()
                ->Fit(task, *Hyperparameters::Make(Method().space, point), ledger)
                .status()
                .code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ledger.Total().gradient_evaluations, 0) << "read checkpoints through ReadCheckpoints";
}

TEST(ConformanceTest, ChargesWhatItSpends) {
  if (!Method().space.informative()) GTEST_SKIP() << "a control";
  CostLedger ledger;
  const CostLedger::Phase phase(ledger, "fit");
  const auto fitted = Method().make()->Fit(Example().Task(), Cheapest(), ledger);
  ASSERT_TRUE(fitted.ok());
  EXPECT_GE(ledger.Total().retrainings, 1) << "read checkpoints through ReadCheckpoint";
  EXPECT_GT(ledger.Total().flops, 0)
      << "charge the ledger with floating-point operations, by formula";
}

// t_1 >= t_2 x lambda and so on: moments fall with damping, and (Cauchy and Schwarz) t_2^2 <= t_1
// t_3.
TEST(ConformanceTest, MomentsAreThoseOfASpectrum) {
  if (!Cheapest().HasDamping()) GTEST_SKIP() << "not damped";
  const auto fitted = MustFit(Example().Task());
  ASSERT_NE(fitted, nullptr);
  CostLedger ledger;
  const std::vector<Damping> dampings = Dampings();
  const absl::StatusOr<SpectralMoments> moments = fitted->Moments(dampings, ledger);
  ASSERT_TRUE(moments.ok()) << moments.status();
  for (const at::Tensor& t : {moments->t1, moments->t2, moments->t3}) {
    ASSERT_EQ(t.size(0), static_cast<int64_t>(dampings.size()));
    ASSERT_EQ(t.size(1), Example().test().size());
    EXPECT_GT(t.min().item<double>(), 0);
    EXPECT_LE(t.slice(0, 1).sub(t.slice(0, 0, -1)).max().item<double>(), 0);
  }
  EXPECT_LE(moments->t2.square().div(moments->t1.mul(moments->t3)).max().item<double>(), 1 + 1e-9);
  double previous = 0;
  for (const Damping& damping : dampings) {
    const absl::StatusOr<double> absolute = fitted->AbsoluteDampingOf(damping);
    ASSERT_TRUE(absolute.ok());
    EXPECT_GT(*absolute, previous);
    previous = *absolute;
  }
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  absl::ParseCommandLine(argc, argv);
  return RUN_ALL_TESTS();
}
