// SPDX-License-Identifier: Apache-2.0
//
// Compares gradients with central differences of the loss, in float64.
#include "methods/gradients/gradient_factors.h"

#include <cmath>
#include <functional>

#include "ATen/ATen.h"
#include "datasets/models/model_factory.h"
#include "datasets/models/model_outputs.h"
#include "gtest/gtest.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class GradientFactorsTest : public testing::TestWithParam<GradientTarget> {
 protected:
  WorkedExample example_{{5, 4}};
  Parameters parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
  CostLedger ledger_;

  // The function that is differentiated: loss or margin.
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
  // Truncation h^2 and rounding 1e-16 / h are both about 1e-10 at h = 1e-5. Slopes and curvatures
  // are of order 10 here.
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

// Calls `visit` with each parameter, in the order of the columns of ExplicitGradients: row by row
// of [W | b].
void ForEachParameter(const Model& model, Parameters& parameters,
                      const std::function<void(at::Tensor)>& visit) {
  auto parameter = parameters.begin();
  for (const Layer& layer : model.layers()) {
    const at::Tensor weight = (parameter++)->value.view({layer.num_outputs, layer.num_inputs});
    const at::Tensor bias = layer.has_bias ? (parameter++)->value : at::Tensor();
    if (layer.kind == LayerKind::kBatchNorm) parameter += 2;
    for (int64_t out = 0; out < layer.num_outputs; ++out) {
      for (int64_t in = 0; in < layer.num_inputs; ++in) visit(weight[out][in]);
      if (layer.has_bias) visit(bias[out]);
    }
  }
}

// A step of 1e-6 rarely crosses the kink of a ReLU. Rounding leaves an error of 1e-16 / 1e-6, as
// losses are of order 1 here; slopes are of order 10.
void ExpectCentralDifferences(const WorkedExample& example, GradientTarget of) {
  CostLedger ledger;
  Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
  const Dataset few = {example.test().inputs.slice(0, 0, 4), example.test().labels.slice(0, 0, 4)};
  const auto target = [&] {
    const ModelOutputs outputs =
        OutputsOfLogits(example.model().Logits(parameters, few.inputs), few.labels);
    return of == GradientTarget::kLoss ? outputs.negative_loss.neg() : outputs.margin;
  };
  const auto factors = ComputeGradientFactors(example.model(), parameters, few, of, ledger);
  ASSERT_TRUE(factors.ok()) << factors.status();
  const at::Tensor gradients = ExplicitGradients(*factors);
  ASSERT_EQ(gradients.size(1), CountParameters(parameters));
  const double h = 1e-6, tolerance = 1e-7;
  int64_t column = 0;
  ForEachParameter(example.model(), parameters, [&](at::Tensor entry) {
    if (column % 5 == 0) {  // a fifth of the parameters, in every layer
      entry.add_(h);
      const at::Tensor above = target();
      entry.sub_(2 * h);
      const at::Tensor below = target();
      entry.add_(h);
      const at::Tensor difference = above.sub(below).div(2 * h).sub(gradients.select(1, column));
      EXPECT_LE(difference.abs().max().item<double>(), tolerance) << "column " << column;
    }
    ++column;
  });
  EXPECT_EQ(column, gradients.size(1));
}

TEST_P(GradientFactorsTest, ThroughConvolutionsAndBatchNorm) {
  ExpectCentralDifferences(WorkedExample::WithConvolutions(), GetParam());
}

TEST_P(GradientFactorsTest, ThroughConvolutionsWithBias) {
  ExpectCentralDifferences(WorkedExample::WithCnn(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Targets, GradientFactorsTest,
                         testing::Values(GradientTarget::kLoss, GradientTarget::kMargin));

// sum_k v_k v_k' = diag(p) - p p', within rounding relative to the diagonal p (1 - p), which is
// computed without cancellation. In the first five examples, one class has almost all of the
// probability, each class once. In the last, two classes share it.
TEST(FisherRootsTest, AtTheLogits) {
  at::Tensor logits = at::eye(5, at::kDouble).mul(40).add(at::arange(5, at::kDouble).mul(.1));
  logits = at::cat({logits, at::tensor({800., 0., 800., -800., 1.}, at::kDouble).unsqueeze(0)});
  const at::Tensor roots = FisherRootsAtLogits(logits);
  ASSERT_EQ(roots.sizes(), at::IntArrayRef({6, 5, 4}));
  for (int64_t i = 0; i < logits.size(0); ++i) {
    const at::Tensor p = at::softmax(logits[i], 0);
    const at::Tensor variances = p.mul(at::mv(1 - at::eye(5, at::kDouble), p));  // p (1 - p)
    const at::Tensor expected = at::outer(p, p).neg().fill_diagonal_(0).add(variances.diag());
    const at::Tensor error = at::matmul(roots[i], roots[i].t()).sub(expected).abs();
    const at::Tensor bound = at::outer(variances.sqrt(), variances.sqrt()).mul(1e-14);
    EXPECT_TRUE(error.le(bound).all().item<bool>()) << "example " << i << "\n" << error;
  }
}

// For each example, the roots must give E[g g'], between different layers too. The expectation is
// computed from the gradients of every label, weighted with the label's probability. Both are
// multiplied by random vectors.
void ExpectRootsOfTheExpectation(const WorkedExample& example) {
  CostLedger ledger;
  const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
  const Dataset few = {example.test().inputs.slice(0, 0, 4), example.test().labels.slice(0, 0, 4)};
  const at::Tensor p = at::softmax(example.model().Logits(parameters, few.inputs), 1);
  std::vector<at::Tensor> gradients;  // per label c, [n, p]
  for (int64_t c = 0; c < p.size(1); ++c) {
    gradients.push_back(ExplicitGradients(*ComputeGradientFactors(
        example.model(), parameters, {few.inputs, at::full_like(few.labels, c)},
        GradientTarget::kLoss, ledger)));
  }
  const at::Tensor drawn = at::randn({gradients[0].size(1), 8}, at::kDouble);
  int64_t visited = 0;
  const auto compare = [&](const FisherRoots& block) {
    for (int64_t i = 0; i < block.layers[0].inputs.size(0); ++i, ++visited) {
      std::vector<at::Tensor> of_layers;  // per layer [k, its parameters]
      for (const LayerRoots& layer : block.layers) {
        of_layers.push_back(
            at::einsum("oks,si->koi", {layer.deltas[i], layer.inputs[i]}).flatten(1));
      }
      const at::Tensor roots = at::cat(of_layers, 1);
      ASSERT_EQ(roots.size(0), p.size(1) - 1);
      at::Tensor expected;
      for (int64_t c = 0; c < p.size(1); ++c) {
        const at::Tensor g = gradients[c][block.begin + i];
        const at::Tensor term = at::outer(g, at::mv(drawn.t(), g)).mul(p[block.begin + i][c]);
        expected = expected.defined() ? expected.add(term) : term;
      }
      const at::Tensor product = at::matmul(roots.t(), at::matmul(roots, drawn));
      EXPECT_LE(product.sub(expected).abs().max().item<double>(),
                1e-12 * expected.abs().max().item<double>());
    }
  };
  CostLedger own;
  const absl::Status status = VisitFisherRoots(example.model(), parameters, few, own, compare);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(visited, few.size());
  EXPECT_EQ(own.Total().gradient_evaluations, few.size() * (p.size(1) - 1));
}

TEST(FisherRootsTest, SquareToTheExpectationOverLabels) {
  ExpectRootsOfTheExpectation(WorkedExample::WithConvolutions());
  ExpectRootsOfTheExpectation(WorkedExample::WithCnn());
}

using MakeExample = WorkedExample();

WorkedExample SmallMlp() { return WorkedExample({5, 4}); }

class InnerProductsTest : public testing::TestWithParam<MakeExample*> {};

TEST_P(InnerProductsTest, AreThoseOfTheExplicitGradients) {
  const WorkedExample example = GetParam()();
  CostLedger ledger;
  const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
  const auto train = *ComputeGradientFactors(example.model(), parameters, example.train(),
                                             GradientTarget::kLoss, ledger);
  const auto test = *ComputeGradientFactors(example.model(), parameters, example.test(),
                                            GradientTarget::kLoss, ledger);
  const at::Tensor expected = at::matmul(ExplicitGradients(train), ExplicitGradients(test).t());
  // Rounding of sums of at most 5,000 products in float64.
  EXPECT_LE(InnerProducts(train, test, ledger).sub(expected).abs().max().item<double>(),
            1e-12 * expected.abs().max().item<double>());
  const at::Tensor norms = ExplicitGradients(train).square().sum(1);
  EXPECT_LE(SquaredNorms(train).sub(norms).abs().max().item<double>(),
            1e-12 * norms.max().item<double>());
  EXPECT_EQ(ledger.Total().gradient_evaluations, example.train().size() + example.test().size());
}

INSTANTIATE_TEST_SUITE_P(Models, InnerProductsTest,
                         testing::Values(SmallMlp, WorkedExample::WithConvolutions,
                                         WorkedExample::WithCnn));

// In float32, 1 - p_y would be 0 for an example with a margin of 30. Its gradient must not be 0.
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
