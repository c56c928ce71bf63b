// SPDX-License-Identifier: Apache-2.0
//
// Compares scores with the definition: inverses of dense matrices in float64, one per training
// example and layer. Compares moments with those of the dense Fisher matrices.
#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class DataInfTest : public testing::Test {
 protected:
  DataInfTest() {
    const MethodVariant variant = *FindMethodVariant("datainf");
    fitted_ = *variant.method->make()->Fit(example_.Task(), variant.hyperparameters, ledger_);
  }

  at::Tensor LayerGradients(const Dataset& data, size_t layer) {
    const Parameters parameters = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
    GradientFactors factors =
        *ComputeGradientFactors(example_.model(), parameters, data, GradientTarget::kLoss, ledger_);
    factors.layers = {factors.layers[layer]};
    return ExplicitGradients(factors);
  }

  WorkedExample example_{{5}};
  CostLedger ledger_;
  std::unique_ptr<FittedAttribution> fitted_;
};

void ExpectClose(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_LE(a.sub(b).abs().max().item<double>(), 1e-9 * b.abs().max().item<double>());
}

TEST_F(DataInfTest, IsTheMeanOfInverses) {
  for (const double relative : {1e-3, .1, 10.0}) {
    at::Tensor expected = at::zeros({60, 12}, at::kDouble);
    for (size_t layer = 0; layer < 2; ++layer) {
      const at::Tensor train = LayerGradients(example_.train(), layer);
      const int64_t p = train.size(1);
      const double lambda = relative * train.square().sum(1).mean().item<double>() / p;
      at::Tensor mean = at::zeros({p, p}, at::kDouble);
      for (int64_t j = 0; j < train.size(0); ++j) {
        mean.add_(
            at::linalg_inv(at::outer(train[j], train[j]).add(at::eye(p, at::kDouble).mul(lambda))));
      }
      expected.add_(at::matmul(at::matmul(train, mean.div(train.size(0))),
                               LayerGradients(example_.test(), layer).t()));
    }
    const Damping damping = {relative, RELATIVE_TO_MEAN_EIGENVALUE};
    ExpectClose(*fitted_->Scores(damping, ledger_), expected);

    const at::Tensor subsets = at::rand({4, 60}).lt(.5);
    const auto scorer = *fitted_->ScoreSubsets(subsets, ledger_);
    ExpectClose(*scorer->Sums(damping, ledger_), at::matmul(subsets.to(at::kDouble), expected));
  }
}

TEST_F(DataInfTest, MomentsAreThoseOfEachLayersFisherMatrix) {
  EXPECT_EQ(fitted_->MomentsOf(), "the empirical Fisher of each layer");
  const SpectralMoments moments = *fitted_->Moments({{.1, RELATIVE_TO_MEAN_EIGENVALUE}}, ledger_);
  const at::Tensor found[] = {moments.t1[0], moments.t2[0], moments.t3[0]};
  for (int k = 1; k <= 3; ++k) {
    at::Tensor expected = at::zeros({12}, at::kDouble);
    for (size_t layer = 0; layer < 2; ++layer) {
      const at::Tensor train = LayerGradients(example_.train(), layer);
      const auto [values, vectors] =
          at::linalg_eigh(at::matmul(train.t(), train).div(train.size(0)));
      const double lambda = .1 * values.mean().item<double>();
      const at::Tensor squares =
          at::matmul(LayerGradients(example_.test(), layer), vectors).square();
      expected.add_(at::mv(squares, values.div(values.add(lambda).pow(k))));
    }
    ExpectClose(found[k - 1], expected);
  }
}

TEST_F(DataInfTest, RefusesZeroDamping) {
  const auto scores = fitted_->Scores({0, ABSOLUTE}, ledger_);
  EXPECT_EQ(scores.status().code(), absl::StatusCode::kFailedPrecondition) << scores.status();
}

}  // namespace
}  // namespace attribench
