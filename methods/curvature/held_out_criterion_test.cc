// SPDX-License-Identifier: Apache-2.0
//
// Against dense algebra in double on random features.
#include "methods/curvature/held_out_criterion.h"

#include <cmath>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/curvature/damped_spectrum.h"

namespace attribench {
namespace {

// Condition numbers are below 1e4 here: of double's 16 digits, 11 remain in a solve.
constexpr double kTolerance = 1e-9;

at::Tensor Normal(int64_t rows, int64_t columns, uint64_t seed) {
  at::Tensor result = at::empty({rows, columns}, at::kDouble);
  RandomStream stream(seed, "held out test");
  for (int64_t i = 0; i < result.numel(); ++i) result.data_ptr<double>()[i] = stream.Gaussian();
  return result;
}

HeldOutSplit Split() { return {at::arange(0, 8, at::kLong), at::arange(10, 30, at::kLong), {}, 0}; }

const std::vector<Damping>& Dampings() {
  static const auto* dampings = new std::vector<Damping>{{.01, RELATIVE_TO_MEAN_EIGENVALUE},
                                                         {1, RELATIVE_TO_MEAN_EIGENVALUE},
                                                         {.3, RELATIVE_TO_TRACE}};
  return *dampings;
}

// Groups are blocks of columns. By the definition, with matrices [k, k].
at::Tensor Expected(const std::vector<at::Tensor>& train, const std::vector<at::Tensor>& test,
                    const Damping& damping) {
  const auto inverse_norms = [](const std::vector<at::Tensor>& groups) {
    const at::Tensor norms = at::cat(groups, 1).norm(2, 1);
    return at::where(norms.gt(0), norms.reciprocal(), at::zeros_like(norms)).unsqueeze(1);
  };
  const at::Tensor of_train = inverse_norms(train), of_test = inverse_norms(test);
  at::Tensor sum;
  for (size_t g = 0; g < train.size(); ++g) {
    const at::Tensor phi = train[g].mul(of_train), q = test[g].mul(of_test);
    const at::Tensor a = phi.index_select(0, Split().fitted);
    const at::Tensor fisher = at::matmul(a.t(), a).div(a.size(0));
    const double lambda = *AbsoluteDamping(damping, fisher.trace().item<double>(), a.size(1));
    const at::Tensor x =
        at::linalg_solve(fisher.add(at::eye(a.size(1), at::kDouble), lambda), q.t());
    const at::Tensor held = at::matmul(phi.index_select(0, Split().held_out), x);
    const at::Tensor own = at::matmul(q, x).diagonal().sub(held.square().mean(0), .5);
    sum = sum.defined() ? sum.add(own) : own;
  }
  return sum;
}

void ExpectClose(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_LE(a.sub(b).abs().max().item<double>(), kTolerance * b.abs().max().item<double>());
}

FeatureGroup AsKernel(const at::Tensor& train, const at::Tensor& test) {
  FeatureGroup group;
  group.kernel = at::matmul(train, train.t()).div(7);
  group.kernel_divisor = 7;
  group.cross = at::matmul(train, test.t());
  group.test_squares = test.square().sum(1);
  group.dimension = static_cast<double>(train.size(1));
  return group;
}

class HeldOutCriterionTest : public testing::TestWithParam<int64_t> {};

TEST_P(HeldOutCriterionTest, IsThatOfTheDenseMatrixInBothForms) {
  const int64_t k = GetParam();
  at::Tensor train = Normal(30, k, 1), test = Normal(5, k, 2);
  train[3].zero_();  // an example without a gradient in the fitted part
  train[12].zero_();
  CostLedger ledger;
  for (const FeatureGroup& group : {FeatureGroup::Of(train, test), AsKernel(train, test)}) {
    const auto predictions = PredictHeldOut({group}, Split(), Dampings(), ledger);
    ASSERT_TRUE(predictions.ok()) << predictions.status();
    const at::Tensor criterion = HeldOutCriterion({*predictions}, 1);
    for (size_t d = 0; d < Dampings().size(); ++d) {
      ExpectClose(criterion[static_cast<int64_t>(d)], Expected({train}, {test}, Dampings()[d]));
    }
    HeldOutSplit of_two_tests = Split();
    of_two_tests.tests = at::tensor({3, 1}, at::kLong);
    const auto of_two = PredictHeldOut({group}, of_two_tests, Dampings(), ledger);
    ASSERT_TRUE(of_two.ok()) << of_two.status();
    ExpectClose(HeldOutCriterion({*of_two}, 1), criterion.index_select(1, of_two_tests.tests));
  }
  EXPECT_GT(ledger.Total().flops, 0);
}

// Fewer features than fitted examples, and more.
INSTANTIATE_TEST_SUITE_P(Dimensions, HeldOutCriterionTest, testing::Values(4, 40));

TEST(HeldOutCriterionOfGroupsTest, EachGroupIsJudgedByItself) {
  const std::vector<at::Tensor> train = {Normal(30, 6, 1), Normal(30, 20, 2).mul(3)};
  const std::vector<at::Tensor> test = {Normal(5, 6, 3), Normal(5, 20, 4)};
  CostLedger ledger;
  const auto predictions =
      PredictHeldOut({FeatureGroup::Of(train[0], test[0]), AsKernel(train[1], test[1])}, Split(),
                     Dampings(), ledger);
  ASSERT_TRUE(predictions.ok()) << predictions.status();
  for (size_t d = 0; d < Dampings().size(); ++d) {
    ExpectClose(HeldOutCriterion({*predictions}, 1)[static_cast<int64_t>(d)],
                Expected(train, test, Dampings()[d]));
  }
}

// Layers that say the same of every example: as many as there are, the choice is that of one layer.
TEST(HeldOutCriterionOfGroupsTest, CopiesOfAGroupDoNotChangeTheChoice) {
  const at::Tensor scale = at::logspace(0, -1.5, 12, 10, at::kDouble);
  const FeatureGroup group =
      FeatureGroup::Of(Normal(30, 12, 1).mul(scale), Normal(5, 12, 2).mul(scale));
  std::vector<Damping> dampings;
  for (int i = -8; i <= 8; ++i) {
    dampings.push_back({std::pow(10, i / 4.0), RELATIVE_TO_MEAN_EIGENVALUE});
  }
  CostLedger ledger;
  const auto choice = [&](size_t copies) {
    const std::vector<FeatureGroup> groups(copies, group);
    const auto predictions = PredictHeldOut(groups, Split(), dampings, ledger);
    EXPECT_TRUE(predictions.ok()) << predictions.status();
    return HeldOutCriterion({*predictions}, 1).mean(1).argmax().item<int64_t>();
  };
  EXPECT_EQ(choice(20), choice(1));
  EXPECT_GT(choice(1), 0);
  EXPECT_LT(choice(1), 16);
}

// So many groups that each takes fewer held-out examples: 6,000 rows in all, and 20 at least.
TEST(HeldOutCriterionOfGroupsTest, ManyGroupsShareOutTheHeldOutExamples) {
  const FeatureGroup group = FeatureGroup::Of(Normal(100, 3, 1), Normal(5, 3, 2));
  HeldOutSplit split = Split();
  split.held_out = at::arange(10, 100, at::kLong);
  CostLedger ledger;
  for (const auto& [groups, rows] :
       {std::pair<size_t, int64_t>{1, 90}, {2, 180}, {100, 6000}, {400, 8000}}) {
    const auto predictions =
        PredictHeldOut(std::vector<FeatureGroup>(groups, group), split, {Dampings()[1]}, ledger);
    ASSERT_TRUE(predictions.ok()) << predictions.status();
    EXPECT_EQ(predictions->held_out.size(1), rows) << groups;
  }
}

// Against the mean prediction of an ensemble, written out: of two models, whose criterion needs no
// estimate, and of many copies of one model, which is that of the model.
TEST(HeldOutCriterionOfEnsembleTest, IsThatOfTheMeanPrediction) {
  const auto made_up = [](uint64_t seed) {
    return HeldOutPredictions{Normal(2, 5, seed), Normal(2 * 20, 5, seed + 1).view({2, 20, 5})};
  };
  const HeldOutPredictions a = made_up(1), b = made_up(3);
  const at::Tensor mean = a.held_out.add(b.held_out).div(2);
  const at::Tensor test = a.test.add(b.test).div(2);
  ExpectClose(HeldOutCriterion({a, b}, 2), test.sub(mean.square().sum(1), .5));
  // Of more models, a model's own square counts 1 / M, and the product of two models the rest.
  const at::Tensor own = a.held_out.square().add(b.held_out.square()).sum(1).div(2);
  const at::Tensor product = a.held_out.mul(b.held_out).sum(1);
  ExpectClose(HeldOutCriterion({a, b}, 10), test.sub(own.mul(.1).add(product, .9), .5));
  const at::Tensor alone = HeldOutCriterion({a}, 1);
  ExpectClose(HeldOutCriterion({a, a, a}, 7), alone);
  ExpectClose(alone, a.test.sub(a.held_out.square().sum(1), .5));
}

// The attribution keeps what the criterion needs, whether it is decomposed or not.
TEST(HeldOutCriterionOfAttributionTest, IsThatOfTheCheckpoint) {
  CostLedger ledger;
  for (const int64_t k : {4, 40}) {
    const std::vector<at::Tensor> train = {Normal(30, k, 1), Normal(30, k, 2)};
    const std::vector<at::Tensor> test = {Normal(5, k, 3), Normal(5, k, 4)};
    for (const bool one_damping : {false, true}) {
      std::vector<SpectralGroups> checkpoints;
      for (int c = 0; c < 2; ++c) {
        checkpoints.push_back({*FeatureSpectrum({train[c], test[c], {}, {}, one_damping}, ledger)});
      }
      const auto fitted = MakeDampedAttribution(std::move(checkpoints));
      for (int c = 0; c < 3; ++c) {  // 2 is the first one again
        HeldOutSplit split = Split();
        split.checkpoint = c;
        const auto predictions = fitted->PredictHeldOut(split, Dampings(), ledger);
        ASSERT_TRUE(predictions.ok()) << predictions.status();
        const at::Tensor criterion = HeldOutCriterion({*predictions}, 1);
        for (size_t d = 0; d < Dampings().size(); ++d) {
          ExpectClose(criterion[static_cast<int64_t>(d)],
                      Expected({train[c % 2]}, {test[c % 2]}, Dampings()[d]));
        }
      }
    }
  }
}

TEST(HeldOutCriterionOfAttributionTest, AMatrixOfOtherExamplesHasNone) {
  CostLedger ledger;
  const at::Tensor train = Normal(30, 4, 1), test = Normal(5, 4, 2);
  const auto of_matrix = MakeDampedAttribution(
      {SpectralGroups{*MatrixSpectrum(at::eye(4, at::kDouble), train, test, ledger)}});
  const auto of_others = MakeDampedAttribution(
      {SpectralGroups{*FeatureSpectrum({train, test, Normal(20, 4, 3), {}}, ledger)}});
  for (const auto* fitted : {&of_matrix, &of_others}) {
    EXPECT_EQ((*fitted)->PredictHeldOut(Split(), Dampings(), ledger).status().code(),
              absl::StatusCode::kUnimplemented);
  }
}

TEST(HeldOutCriterionArgumentsTest, RefusesAbsoluteDampingsAndZeroGradients) {
  CostLedger ledger;
  const FeatureGroup group = FeatureGroup::Of(Normal(30, 4, 1), Normal(5, 4, 2));
  for (const Damping& damping : {Damping{1, ABSOLUTE}, Damping{0, RELATIVE_TO_TRACE},
                                 Damping{std::nan(""), RELATIVE_TO_TRACE}}) {
    EXPECT_EQ(PredictHeldOut({group}, Split(), {damping}, ledger).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  const FeatureGroup zero = FeatureGroup::Of(at::zeros({30, 4}, at::kDouble), Normal(5, 4, 2));
  EXPECT_EQ(PredictHeldOut({zero}, Split(), Dampings(), ledger).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

// What the criterion is for: with held-out examples that stand for the population, it is highest at
// the damping whose x is nearest to F^-1 q in the norm of the population's F.
TEST(HeldOutCriterionArgumentsTest, IsHighestNearestToThePopulationsSolution) {
  constexpr int64_t kDimension = 12, kMany = 20000;
  const at::Tensor scale = at::logspace(0, -1.5, kDimension, 10, at::kDouble);
  const auto unit = [](const at::Tensor& rows) { return rows.div(rows.norm(2, 1, true)); };
  const at::Tensor train = unit(Normal(kMany, kDimension, 1).mul(scale));
  const at::Tensor test = unit(Normal(40, kDimension, 2).mul(scale));
  const HeldOutSplit split = {
      at::arange(0, 24, at::kLong), at::arange(24, kMany, at::kLong), {}, 0};
  std::vector<Damping> dampings;
  for (int i = -8; i <= 8; ++i) {
    dampings.push_back({std::pow(10, i / 4.0), RELATIVE_TO_MEAN_EIGENVALUE});
  }
  CostLedger ledger;
  const auto predictions = PredictHeldOut({FeatureGroup::Of(train, test)}, split, dampings, ledger);
  ASSERT_TRUE(predictions.ok()) << predictions.status();
  const int64_t chosen = HeldOutCriterion({*predictions}, 1).mean(1).argmax().item<int64_t>();

  const at::Tensor held = train.slice(0, 24), a = train.slice(0, 0, 24);
  const at::Tensor population = at::matmul(held.t(), held).div(held.size(0));
  const at::Tensor fisher = at::matmul(a.t(), a).div(24);
  const at::Tensor right = at::linalg_solve(population, test.t());
  int64_t nearest = -1;
  double least = INFINITY;
  for (size_t d = 0; d < dampings.size(); ++d) {
    const double lambda = *AbsoluteDamping(dampings[d], fisher.trace().item<double>(), kDimension);
    const at::Tensor error =
        at::linalg_solve(fisher.add(at::eye(kDimension, at::kDouble), lambda), test.t()).sub(right);
    const double distance = error.mul(at::matmul(population, error)).sum().item<double>();
    if (distance < least) {
      least = distance;
      nearest = static_cast<int64_t>(d);
    }
  }
  EXPECT_EQ(chosen, nearest);
  EXPECT_GT(nearest, 0) << "the best damping is inside the grid";
  EXPECT_LT(nearest, static_cast<int64_t>(dampings.size()) - 1);
}

}  // namespace
}  // namespace attribench
