// SPDX-License-Identifier: Apache-2.0
//
// The theory that the selector rests on, on models that are really retrained. With s(A) the sum of
// scores over subset A, f(A) the retrained output and c(lambda) their correlation over subsets:
//   exact:       dc/dlambda > 0  <=>  [b'(F+lambda I)^-2 q] / [b'(F+lambda I)^-1 q] < t_3 / t_2
//   sufficient:  dc/dlambda > 0  if   r > xi
// with b = Cov_A(sum_{i in A} g_i, f), and r the cosine between x = F^-1 b and q in the inner
// product of F (F + lambda I)^-1.
#include "evaluators/tuners/surrogate_indicator.h"

#include <cmath>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

TEST(SurrogateIndicatorTest, ByHand) {
  const auto row = [](double a, double b) { return at::tensor({a, b}, at::kDouble).view({1, 2}); };
  const at::Tensor xi = SurrogateIndicator({row(4, 0), row(3, 0), row(9, 0)});
  EXPECT_DOUBLE_EQ(xi[0][0].item<double>(), 0.5);
  EXPECT_DOUBLE_EQ(xi[0][1].item<double>(), 1) << "a zero gradient";
}

// Eigenvalues 1 and 100 with mu (u.q)^2 of .001 and 1: moments at damping 0 and 1 by hand.
TEST(SurrogateIndicatorTest, MayFallBelowEveryEigenvalue) {
  const auto xi = [](double lambda) {
    double t[3];
    for (int k = 1; k <= 3; ++k)
      t[k - 1] = 0.001 / std::pow(1 + lambda, k) + 1 / std::pow(100 + lambda, k);
    const auto value = [](double x) { return at::full({1, 1}, x, at::kDouble); };
    return SurrogateIndicator({value(t[0]), value(t[1]), value(t[2])}).item<double>();
  };
  EXPECT_NEAR(xi(0), 0.0011 / std::sqrt(0.011 * 0.001001), 1e-12);
  EXPECT_LT(xi(1), xi(0));
  EXPECT_GT(xi(1e6), 0.999);
}

TEST(FindCrossingTest, InterpolatesInTheLogarithmAndSaysWhereItCannot) {
  const std::vector<Damping> grid = {{0.01, ABSOLUTE}, {1, ABSOLUTE}, {100, ABSOLUTE}};
  EXPECT_NEAR(FindCrossing(grid, {0.2, 0.4, 0.6}, 0.5)->damping.value, 10, 1e-12);
  EXPECT_EQ(FindCrossing(grid, {0.2, 0.4, 0.6}, 0.5)->message, "");
  EXPECT_NEAR(FindCrossing(grid, {0.55, 0.4, 0.6}, 0.5)->damping.value, 10, 1e-12)
      << "it fell before it rose";
  EXPECT_EQ(FindCrossing(grid, {0.6, 0.7, 0.8}, 0.5)->damping.value, 0.01);
  EXPECT_TRUE(absl::StrContains(FindCrossing(grid, {0.6, 0.7, 0.8}, 0.5)->message, "already"));
  EXPECT_EQ(FindCrossing(grid, {0.1, 0.2, 0.3}, 0.5)->damping.value, 100);
  EXPECT_TRUE(absl::StrContains(FindCrossing(grid, {0.1, 0.2, 0.3}, 0.5)->message, "only"));
  EXPECT_EQ(FindCrossing(grid, {0.1, 0.2}, 0.5).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FindCrossing({{0, ABSOLUTE}}, {0.1}, 0.5).status().code(),
            absl::StatusCode::kInvalidArgument);
}

class CriterionTest : public testing::Test {
 protected:
  static constexpr int64_t kSubsets = 200;

  void SetUp() override {
    const WorkedExample example;  // convex: 21 parameters, 60 training and 12 test examples
    CostLedger ledger;
    const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
    const auto gradients = [&](const Dataset& dataset) {
      return ExplicitGradients(*ComputeGradientFactors(example.model(), parameters, dataset,
                                                       GradientTarget::kLoss, ledger));
    };
    const at::Tensor g = gradients(example.train());
    q_ = gradients(example.test()).t();
    static const auto* retrained = new WorkedExample::Retrained(example.RetrainSubsets(kSubsets));
    retrained_ = *retrained;
    // Sums of gradients over subsets, centred; their covariance stands in for kappa n F: the theory
    // is then exact for these very subsets.
    sums_ = at::matmul(retrained_.subsets.to(at::kDouble), g);
    sums_ = sums_.sub(sums_.mean(0));
    outputs_ = retrained_.outputs.sub(retrained_.outputs.mean(0));
    fisher_ = at::matmul(sums_.t(), sums_).div(kSubsets);
    b_ = at::matmul(sums_.t(), outputs_).div(kSubsets);  // [p, tests]
    auto [values, vectors] = at::linalg_eigh(fisher_);
    // Directions in which no gradient points (softmax leaves one per input) have no part in
    // anything.
    const at::Tensor kept = values.gt(values.max().mul(1e-9)).nonzero().squeeze(1);
    eigenvalues_ = values.index_select(0, kept);
    const at::Tensor basis = vectors.index_select(1, kept);
    q_ = at::matmul(basis.t(), q_);
    b_ = at::matmul(basis.t(), b_);
    sums_ = at::matmul(sums_, basis);
    scale_ = eigenvalues_.mean().item<double>();
  }

  // sum_j weight_j / (mu_j + lambda)^k, [tests].
  at::Tensor Moment(const at::Tensor& weight, double lambda, int k) const {
    return weight.div(eigenvalues_.add(lambda).pow(k).unsqueeze(1)).sum(0);
  }
  at::Tensor TestMoment(double lambda, int k) const {
    return Moment(q_.square().mul(eigenvalues_.unsqueeze(1)), lambda, k);
  }
  at::Tensor Indicator(double lambda) const {  // [tests]
    return SurrogateIndicator({TestMoment(lambda, 1).unsqueeze(0),
                               TestMoment(lambda, 2).unsqueeze(0),
                               TestMoment(lambda, 3).unsqueeze(0)})[0];
  }
  at::Tensor CrossMoment(double lambda, int k) const { return Moment(b_.mul(q_), lambda, k); }

  // Pearson's correlation over the retrained subsets, [tests], from the sums themselves. Both sides
  // have mean 0.
  std::vector<double> Correlations(double lambda) const {
    const at::Tensor predicted =
        at::matmul(sums_, q_.div(eigenvalues_.add(lambda).unsqueeze(1)));  // [subsets, tests]
    const at::Tensor correlations =
        predicted.mul(outputs_).sum(0).div(predicted.norm(2, 0).mul(outputs_.norm(2, 0)));
    return {correlations.data_ptr<double>(),
            correlations.data_ptr<double>() + correlations.numel()};
  }

  WorkedExample::Retrained retrained_;
  at::Tensor q_, b_, sums_, outputs_, fisher_, eigenvalues_;
  double scale_ = 1;
};

TEST_F(CriterionTest, TheSignOfTheSlopeIsThatOfTheExactCriterion) {
  int rising = 0, falling = 0;
  for (double relative = 1e-4; relative < 1e3; relative *= 3) {
    const double lambda = relative * scale_, step = 1e-4;
    const std::vector<double> before = Correlations(lambda * (1 - step)),
                              after = Correlations(lambda * (1 + step));
    const at::Tensor left = CrossMoment(lambda, 2).div(CrossMoment(lambda, 1));
    const at::Tensor right = TestMoment(lambda, 3).div(TestMoment(lambda, 2));
    for (size_t t = 0; t < before.size(); ++t) {
      if (before[t] <= 0) continue;  // the criterion is for a positive correlation
      const double slope = after[t] - before[t];
      const double gap = (right[t].item<double>() - left[t].item<double>()) * lambda;
      // Near the optimum, slope and gap are nearly 0. A step of 1e-4 cannot measure
      // slopes below the square of the step.
      if (std::abs(slope) < 1e-9 || std::abs(gap) < 1e-3) continue;
      EXPECT_EQ(slope > 0, gap > 0) << "test example " << t << " lambda " << lambda;
      ++(slope > 0 ? rising : falling);
    }
  }
  EXPECT_GT(rising, 20);
  EXPECT_GT(falling, 20);
}

TEST_F(CriterionTest, WhereTheIndicatorIsUnderTheCosineLdsRises) {
  int held = 0;
  for (double relative = 1e-4; relative < 1e3; relative *= 3) {
    const double lambda = relative * scale_, step = 1e-4;
    const at::Tensor xi = Indicator(lambda);
    // r = x'Mq / sqrt(x'Mx q'Mq), M = F (F + lambda I)^-1 and F x = b.
    const at::Tensor xx = Moment(b_.square().div(eigenvalues_.unsqueeze(1)), lambda, 1);
    const at::Tensor r = CrossMoment(lambda, 1).div(xx.mul(TestMoment(lambda, 1)).sqrt());
    const std::vector<double> before = Correlations(lambda * (1 - step)),
                              after = Correlations(lambda * (1 + step));
    for (size_t t = 0; t < before.size(); ++t) {
      if (r[t].item<double>() <= xi[t].item<double>()) continue;
      EXPECT_GT(after[t], before[t]) << "test example " << t << " lambda " << lambda;
      ++held;
    }
  }
  EXPECT_GT(held, 20) << "the condition must have been met often enough to be tested";
}

TEST_F(CriterionTest, TheIndicatorIsACosineAndTendsToOne) {
  for (double relative = 1e-6; relative < 1e7; relative *= 10) {
    const at::Tensor xi = Indicator(relative * scale_);
    EXPECT_GT(xi.min().item<double>(), 0);
    EXPECT_LE(xi.max().item<double>(), 1);
    if (relative > 1e5) {
      EXPECT_GT(xi.min().item<double>(), 0.999);
    }
  }
}

}  // namespace
}  // namespace attribench
