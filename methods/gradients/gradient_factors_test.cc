// SPDX-License-Identifier: Apache-2.0
//
// Against central differences of the loss, in double.
#include "methods/gradients/gradient_factors.h"

#include <cmath>

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class GradientFactorsTest : public testing::TestWithParam<GradientTarget> {
 protected:
  WorkedExample example_{{5, 4}};
  Parameters parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
  CostLedger ledger_;

  // -loss or margin, turned into what the gradient is of.
  at::Tensor Target(const Parameters& parameters) const {
    const ModelOutputs outputs = OutputsOfLogits(
        example_.model().Logits(parameters, example_.test().inputs), example_.test().labels);
    return GetParam() == GradientTarget::kLoss ? outputs.negative_loss.neg() : outputs.margin;
  }
};

TEST_P(GradientFactorsTest, ExplicitGradientsAreCentralDifferences) {
  const auto factors =
      ComputeGradientFactors(example_.model(), parameters_, example_.test(), GetParam(), ledger_);
  ASSERT_TRUE(factors.ok()) << factors.status();
  const at::Tensor gradients = ExplicitGradients(*factors);
  ASSERT_EQ(gradients.size(1), CountParameters(parameters_));
  EXPECT_EQ(factors->num_parameters(), CountParameters(parameters_));
  // Truncation h^2 and rounding 1e-16 / h balance near 1e-5, at 1e-10; slopes and curvatures here
  // are of order 10.
  const double h = 1e-5, tolerance = 1e-7;
  int64_t column = 0;
  for (size_t layer = 0; layer < example_.model().layers().size(); ++layer) {
    at::Tensor& weight = parameters_[2 * layer].value;
    at::Tensor& bias = parameters_[2 * layer + 1].value;
    for (int64_t out = 0; out < weight.size(0); ++out) {
      for (int64_t in = 0; in <= weight.size(1); ++in, ++column) {  // the bias is the last column
        at::Tensor entry = in < weight.size(1) ? weight[out][in] : bias[out];
        entry.add_(h);
        const at::Tensor above = Target(parameters_);
        entry.sub_(2 * h);
        const at::Tensor below = Target(parameters_);
        entry.add_(h);
        const at::Tensor difference = above.sub(below).div(2 * h).sub(gradients.select(1, column));
        ASSERT_LE(difference.abs().max().item<double>(), tolerance)
            << "layer " << layer << " unit " << out << " input " << in;
      }
    }
  }
  EXPECT_EQ(column, gradients.size(1));
}

INSTANTIATE_TEST_SUITE_P(Targets, GradientFactorsTest,
                         testing::Values(GradientTarget::kLoss, GradientTarget::kMargin));

TEST(InnerProductsTest, AreThoseOfTheExplicitGradients) {
  const WorkedExample example({5, 4});
  CostLedger ledger;
  const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
  const auto train = *ComputeGradientFactors(example.model(), parameters, example.train(),
                                             GradientTarget::kLoss, ledger);
  const auto test = *ComputeGradientFactors(example.model(), parameters, example.test(),
                                            GradientTarget::kLoss, ledger);
  const at::Tensor expected = at::matmul(ExplicitGradients(train), ExplicitGradients(test).t());
  // Sums of at most 53 products in double.
  EXPECT_LE(InnerProducts(train, test, ledger).sub(expected).abs().max().item<double>(),
            1e-13 * expected.abs().max().item<double>());
  const at::Tensor norms = ExplicitGradients(train).square().sum(1);
  EXPECT_LE(SquaredNorms(train).sub(norms).abs().max().item<double>(),
            1e-13 * norms.max().item<double>());
  EXPECT_EQ(ledger.Total().gradient_evaluations, example.train().size() + example.test().size());
}

// In float32, 1 - p_y of an example at a margin of 30 would be 0; its gradient must not be.
TEST(GradientFactorsPrecisionTest, WellFittedExamplesKeepTheirGradient) {
  ModelSpec spec;
  spec.mutable_mlp()->set_num_inputs(1);
  spec.mutable_mlp()->set_num_classes(2);
  const auto model = *MakeModel(spec);
  const Parameters parameters = {{"fc1.weight", at::tensor({30.f, 0.f}).view({2, 1})},
                                 {"fc1.bias", at::zeros({2})}};
  CostLedger ledger;
  const auto factors =
      *ComputeGradientFactors(*model, parameters, {at::ones({1, 1}), at::zeros({1}, at::kLong)},
                              GradientTarget::kLoss, ledger);
  EXPECT_NEAR(factors.layers[0].deltas[0][0].item<double>() / -std::exp(-30.), 1, 1e-6);
  EXPECT_NEAR(factors.label_probability_gap[0].item<double>() / std::exp(-30.), 1, 1e-12);
}

}  // namespace
}  // namespace attribench
