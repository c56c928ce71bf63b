// SPDX-License-Identifier: Apache-2.0
//
// Against dense algebra in double on random features.
#include "methods/curvature/damped_spectrum.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// t_3 applies the inverse three times; F + lambda I has a condition number below 1e3 here, so
// of double's 16 digits, seven remain in the worst case and nine in a typical case.
constexpr double kTolerance = 1e-9;

at::Tensor Normal(int64_t rows, int64_t columns, uint64_t seed) {
  at::Tensor result = at::empty({rows, columns}, at::kDouble);
  RandomStream stream(seed, "features");
  for (int64_t i = 0; i < result.numel(); ++i) result.data_ptr<double>()[i] = stream.Gaussian();
  return result;
}

void ExpectClose(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_LE(a.sub(b).abs().max().item<double>(), kTolerance * b.abs().max().item<double>());
}

TaskFeatures Features(const at::Tensor& train, const at::Tensor& test) {
  return {train, test, {}, {}};
}

std::unique_ptr<FittedAttribution> Fitted(const DampedSpectrum& spectrum) {
  return MakeDampedAttribution({SpectralGroups{spectrum}});
}

struct Dense {
  at::Tensor fisher, inverse;
};

Dense DenseFisher(const at::Tensor& features, double lambda) {
  Dense dense;
  dense.fisher = at::matmul(features.t(), features).div(features.size(0));
  dense.inverse =
      at::linalg_inv(dense.fisher.add(at::eye(features.size(1), at::kDouble).mul(lambda)));
  return dense;
}

class SpectrumTest : public testing::TestWithParam<int64_t> {};

TEST_P(SpectrumTest, ScoresMomentsAndSumsAreThoseOfTheDenseMatrix) {
  const int64_t k = GetParam();
  const at::Tensor train = Normal(20, k, 1), test = Normal(5, k, 2);
  const at::Tensor weights = Normal(20, 1, 3).squeeze(1);
  CostLedger ledger;
  absl::StatusOr<DampedSpectrum> spectrum = FeatureSpectrum(Features(train, test), ledger);
  ASSERT_TRUE(spectrum.ok()) << spectrum.status();
  EXPECT_EQ(spectrum->left.size(1), std::min<int64_t>(20, k)) << "the smaller matrix is decomposed";
  DampedAttributionOptions options;
  options.train_weights = weights;
  const auto fitted = MakeDampedAttribution({SpectralGroups{*spectrum}}, options);
  const at::Tensor subsets = Normal(7, 20, 4).gt(0);
  const auto scorer = fitted->ScoreSubsets(subsets, ledger);
  ASSERT_TRUE(scorer.ok()) << scorer.status();
  for (const double lambda : {0.01, 0.3, 20.0}) {
    const Dense dense = DenseFisher(train, lambda);
    const at::Tensor expected =
        at::matmul(at::matmul(train, dense.inverse), test.t()).mul(weights.unsqueeze(1));
    ExpectClose(*fitted->Scores({lambda, ABSOLUTE}, ledger), expected);
    ExpectClose(*(*scorer)->Sums({lambda, ABSOLUTE}, ledger),
                at::matmul(subsets.to(at::kDouble), expected));
    const SpectralMoments moments = *fitted->Moments({{lambda, ABSOLUTE}}, ledger);
    at::Tensor power = at::matmul(dense.fisher, test.t());  // F q
    for (const at::Tensor& t : {moments.t1, moments.t2, moments.t3}) {
      power = at::matmul(dense.inverse, power);
      ExpectClose(t[0], test.t().mul(power).sum(0));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(FeatureAndKernelForm, SpectrumTest, testing::Values(6, 40));

TEST(DampedAttributionTest, EnsemblesAverageAndRelativeDampingIsEachSpectrumsOwn) {
  CostLedger ledger;
  const at::Tensor a = Normal(20, 6, 1), b = Normal(20, 6, 5).mul(3), test = Normal(5, 6, 2);
  const auto fitted =
      MakeDampedAttribution({SpectralGroups{*FeatureSpectrum(Features(a, test), ledger)},
                             SpectralGroups{*FeatureSpectrum(Features(b, test), ledger)}});
  at::Tensor expected = at::zeros({20, 5}, at::kDouble);
  double mean_lambda = 0;
  for (const at::Tensor& features : {a, b}) {
    const double mean_eigenvalue = features.square().sum().item<double>() / 20 / 6;
    mean_lambda += 0.1 * mean_eigenvalue / 2;
    expected.add_(
        at::matmul(at::matmul(features, DenseFisher(features, 0.1 * mean_eigenvalue).inverse),
                   test.t()),
        0.5);
  }
  ExpectClose(*fitted->Scores({0.1, RELATIVE_TO_MEAN_EIGENVALUE}, ledger), expected);
  EXPECT_NEAR(*fitted->AbsoluteDampingOf({0.1, RELATIVE_TO_MEAN_EIGENVALUE}), mean_lambda,
              1e-12 * mean_lambda);
}

TEST(DampedAttributionTest, UndampedSingularMatrixIsRefused) {
  CostLedger ledger;
  DampedSpectrum spectrum = *FeatureSpectrum(Features(Normal(20, 6, 1), Normal(5, 6, 2)), ledger);
  spectrum.eigenvalues[0].fill_(0);
  const auto fitted = Fitted(spectrum);
  EXPECT_EQ(fitted->Scores({0, ABSOLUTE}, ledger).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(fitted->Scores({1e-3, ABSOLUTE}, ledger).ok());
}

// A layer's scores are damped by its own mean eigenvalue; layers add up, and so do moments.
TEST(DampedAttributionTest, GroupsOfACheckpointAddUp) {
  CostLedger ledger;
  const at::Tensor a = Normal(20, 6, 1), b = Normal(20, 9, 5).mul(3);
  const at::Tensor test_a = Normal(5, 6, 2), test_b = Normal(5, 9, 3);
  const DampedSpectrum first = *FeatureSpectrum(Features(a, test_a), ledger);
  const DampedSpectrum second = *FeatureSpectrum(Features(b, test_b), ledger);
  const auto both = MakeDampedAttribution({SpectralGroups{first, second}});
  const Damping damping = {0.1, RELATIVE_TO_MEAN_EIGENVALUE};
  at::Tensor expected = at::zeros({20, 5}, at::kDouble);
  for (const auto& [train, test] : {std::make_pair(a, test_a), std::make_pair(b, test_b)}) {
    const double lambda = 0.1 * train.square().sum().item<double>() / 20 / train.size(1);
    expected.add_(at::matmul(at::matmul(train, DenseFisher(train, lambda).inverse), test.t()));
  }
  ExpectClose(*both->Scores(damping, ledger), expected);
  const at::Tensor subsets = Normal(7, 20, 4).gt(0);
  ExpectClose(*(*both->ScoreSubsets(subsets, ledger))->Sums(damping, ledger),
              at::matmul(subsets.to(at::kDouble), expected));
  ExpectClose(both->Moments({damping}, ledger)->t2,
              Fitted(first)
                  ->Moments({damping}, ledger)
                  ->t2.add(Fitted(second)->Moments({damping}, ledger)->t2));
}

TEST(DampedAttributionTest, AnotherFilter) {
  CostLedger ledger;
  const at::Tensor train = Normal(20, 6, 1), test = Normal(5, 6, 2);
  DampedAttributionOptions options;
  options.filter = ExponentialFilter();
  const auto fitted = MakeDampedAttribution(
      {SpectralGroups{*FeatureSpectrum(Features(train, test), ledger)}}, options);
  // By the dense matrix: (I - exp(-F / lambda)) F^-1.
  const at::Tensor fisher = DenseFisher(train, 0).fisher;
  const at::Tensor filtered = at::matmul(
      at::eye(6, at::kDouble).sub(at::matrix_exp(fisher.div(-.5))), at::linalg_inv(fisher));
  ExpectClose(*fitted->Scores({.5, ABSOLUTE}, ledger),
              at::matmul(at::matmul(train, filtered), test.t()));
}

// Curvature from other examples than those that get scores, with weights, in both forms.
TEST_P(SpectrumTest, OtherCurvatureExamplesWithWeights) {
  const int64_t k = GetParam();
  const at::Tensor train = Normal(20, k, 1), test = Normal(5, k, 2), others = Normal(15, k, 6);
  const at::Tensor weights = at::arange(15, at::kDouble).add(1).div(8);  // their mean is 1
  CostLedger ledger;
  const auto spectrum = FeatureSpectrum({train, test, others, weights}, ledger);
  ASSERT_TRUE(spectrum.ok()) << spectrum.status();
  EXPECT_EQ(spectrum->outside.defined(), k > 15);
  const auto fitted = Fitted(*spectrum);
  const at::Tensor subsets = Normal(7, 20, 4).gt(0);
  const auto scorer = fitted->ScoreSubsets(subsets, ledger);
  for (const double lambda : {0.01, 0.3, 20.0}) {
    const Dense dense = DenseFisher(others.mul(weights.sqrt().unsqueeze(1)), lambda);
    const at::Tensor expected = at::matmul(at::matmul(train, dense.inverse), test.t());
    ExpectClose(*fitted->Scores({lambda, ABSOLUTE}, ledger), expected);
    ExpectClose(*(*scorer)->Sums({lambda, ABSOLUTE}, ledger),
                at::matmul(subsets.to(at::kDouble), expected));
    const SpectralMoments moments = *fitted->Moments({{lambda, ABSOLUTE}}, ledger);
    at::Tensor power = at::matmul(dense.fisher, test.t());
    for (const at::Tensor& t : {moments.t1, moments.t2, moments.t3}) {
      power = at::matmul(dense.inverse, power);
      ExpectClose(t[0], test.t().mul(power).sum(0));
    }
  }
}

// A fit for one damping: the same scores by a Cholesky factor, and its operations by formula. With
// n = 20 training, m = 15 other and t = 5 test examples.
TEST_P(SpectrumTest, OneDampingTakesACholeskyFactor) {
  const double k = GetParam(), n = 20, m = 15, t = 5;
  const at::Tensor train = Normal(20, GetParam(), 1), test = Normal(5, GetParam(), 2);
  const at::Tensor others = Normal(15, GetParam(), 6);
  const at::Tensor weights = at::arange(15, at::kDouble).add(1).div(8);
  for (const bool own : {false, true}) {
    TaskFeatures features = Features(train, test);
    if (own) features = {train, test, others, weights};
    CostLedger fit_for_one, fit_for_many, scores, preparation, nobody;
    const auto many =
        MakeDampedAttribution({SpectralGroups{*FeatureSpectrum(features, fit_for_many)}});
    features.one_damping = true;
    const auto one =
        MakeDampedAttribution({SpectralGroups{*FeatureSpectrum(features, fit_for_one)}});
    const double rows = std::min(k, own ? m : n);  // of the damped matrix
    const bool is_kernel_of_train = !own && k > n;
    const Damping damping = {.3, RELATIVE_TO_MEAN_EIGENVALUE};
    ExpectClose(*one->Scores(damping, scores), *many->Scores(damping, nobody));
    EXPECT_DOUBLE_EQ(scores.Total().flops, rows * rows * rows / 3 + 2 * rows * rows * t +
                                               (is_kernel_of_train ? 0 : 2 * n * rows * t));
    EXPECT_EQ(*one->AbsoluteDampingOf(damping), *many->AbsoluteDampingOf(damping));
    ASSERT_TRUE(one->PrepareManyDampings(preparation).ok());
    EXPECT_GE(preparation.Total().flops, 9 * rows * rows * rows);
    EXPECT_DOUBLE_EQ(fit_for_one.Total().flops + preparation.Total().flops,
                     fit_for_many.Total().flops);
    EXPECT_TRUE(at::equal(*one->Scores(damping, nobody), *many->Scores(damping, nobody)));
  }
}

// 20 features of 6 dimensions: the kernel is singular, and has no factor without damping.
TEST(DampedAttributionTest, WithoutAFactorTheEigendecompositionAnswers) {
  CostLedger ledger;
  const at::Tensor train = Normal(20, 6, 1), test = Normal(5, 6, 2);
  const at::Tensor kernel =
      at::matmul(train, train.t()).div(20).sub(at::eye(20, at::kDouble), 1e-9);
  const at::Tensor cross = at::matmul(train, test.t());
  const auto fitted = [&](bool one_damping) {
    return MakeDampedAttribution(
        {SpectralGroups{*KernelSpectrum({kernel, cross, {}, 6, one_damping}, ledger)}});
  };
  const Damping damping = {1e-10, ABSOLUTE};  // eigenvalues of -1e-9 count as 0
  ExpectClose(*fitted(true)->Scores(damping, ledger), *fitted(false)->Scores(damping, ledger));
  EXPECT_EQ(fitted(true)->Scores({0, ABSOLUTE}, ledger).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(fitted(true)->Scores({-1, ABSOLUTE}, ledger).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(DampedAttributionTest, AnotherFilterAtOneDampingIsDecomposed) {
  CostLedger ledger;
  TaskFeatures features = Features(Normal(20, 6, 1), Normal(5, 6, 2));
  DampedAttributionOptions options;
  options.filter = ExponentialFilter();
  const Damping damping = {.5, ABSOLUTE};
  const at::Tensor expected =
      *MakeDampedAttribution({SpectralGroups{*FeatureSpectrum(features, ledger)}}, options)
           ->Scores(damping, ledger);
  features.one_damping = true;
  ExpectClose(*MakeDampedAttribution({SpectralGroups{*FeatureSpectrum(features, ledger)}}, options)
                   ->Scores(damping, ledger),
              expected);
}

}  // namespace
}  // namespace attribench
