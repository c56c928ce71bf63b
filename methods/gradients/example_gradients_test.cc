// SPDX-License-Identifier: Apache-2.0
//
// Results that are computed slice by slice must equal those of all examples at once.
#include "methods/gradients/example_gradients.h"

#include <algorithm>
#include <vector>

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

using MakeExample = WorkedExample();

WorkedExample SmallMlp() { return WorkedExample({5, 4}); }

class ExampleGradientsTest : public testing::TestWithParam<MakeExample*> {
 protected:
  // `rows` is the number of examples that the memory limit holds.
  ExampleGradients Make(const Dataset& dataset, int64_t rows) {
    const double bytes = GradientBytes(example_.model(), parameters_) * (rows + .5);
    return *ExampleGradients::Make(example_.model(), parameters_, dataset, GradientTarget::kLoss,
                                   bytes, ledger_);
  }
  GradientFactors All(const Dataset& dataset) {
    return *ComputeGradientFactors(example_.model(), parameters_, dataset, GradientTarget::kLoss,
                                   ledger_);
  }
  // Rounding of sums of at most 5,000 products in float64, in another order.
  void ExpectClose(const at::Tensor& a, const at::Tensor& b) {
    ASSERT_EQ(a.sizes(), b.sizes());
    EXPECT_LE(a.sub(b).abs().max().item<double>(), 1e-12 * b.abs().max().item<double>());
  }

  WorkedExample example_ = GetParam()();
  Parameters parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
  CostLedger ledger_;
};

TEST_P(ExampleGradientsTest, GradientBytesAreTheBytesOfTheFactors) {
  double bytes = 0;
  for (const LayerFactors& layer : All(example_.test()).layers) {
    bytes += static_cast<double>(layer.deltas.nbytes());
    if (layer.inputs.size(1) > 1) bytes += static_cast<double>(layer.inputs.nbytes());
  }
  EXPECT_EQ(bytes, GradientBytes(example_.model(), parameters_) * example_.test().size());
}

TEST_P(ExampleGradientsTest, InnerProductsOfSlices) {
  const at::Tensor expected = InnerProducts(All(example_.train()), All(example_.test()), ledger_);
  const at::Tensor gram = InnerProducts(All(example_.train()), All(example_.train()), ledger_);
  for (const int64_t rows : {1, 7, 30, 60, 1000}) {
    const ExampleGradients train = Make(example_.train(), rows), test = Make(example_.test(), rows);
    EXPECT_EQ(train.rows(), std::min<int64_t>(rows, 60));
    ExpectClose(*InnerProducts(train, test, ledger_), expected);
    for (const int64_t first : {60, 41, 1}) {
      ExpectClose(*GramMatrix(train, first, ledger_), gram.slice(0, 0, first));
    }
  }
}

TEST_P(ExampleGradientsTest, SquaredNormsOfSlices) {
  const at::Tensor expected = ExplicitGradients(All(example_.train())).square().sum(1);
  for (const int64_t rows : {1, 7, 1000}) {
    const ExampleGradients train = Make(example_.train(), rows);
    ExpectClose(*SquaredNorms(train, 0, ledger_), expected);
    ExpectClose(*SquaredNorms(train, 33, ledger_), expected.slice(0, 33));
  }
}

TEST_P(ExampleGradientsTest, CosinesOfSlices) {
  const auto directions = [&](const Dataset& data) {
    const at::Tensor gradients = ExplicitGradients(All(data));
    return gradients.div(gradients.norm(2, {1}, /*keepdim=*/true));
  };
  const at::Tensor expected =
      at::matmul(directions(example_.train()), directions(example_.test()).t());
  for (const int64_t rows : {1, 7, 1000}) {
    const ExampleGradients train = Make(example_.train(), rows), test = Make(example_.test(), rows);
    ExpectClose(*Cosines(train, test, ledger_), expected);
  }
}

TEST_P(ExampleGradientsTest, ProjectionsOfSlices) {
  for (const ProjectionKind kind : {ProjectionKind::kGaussian, ProjectionKind::kSjlt}) {
    const auto whole = *ProjectGradients(Make(example_.train(), 60), kind, 8, /*seed=*/3, ledger_);
    const auto slices = *ProjectGradients(Make(example_.train(), 7), kind, 8, /*seed=*/3, ledger_);
    ExpectClose(slices.features, whole.features);
    ExpectClose(slices.label_probability_gap, whole.label_probability_gap);
    ExpectClose(whole.features, ProjectGradients(All(example_.train()), kind, 8, 3, ledger_));
  }
}

TEST_P(ExampleGradientsTest, SlicesUseTheMemoryOfEarlierOnes) {
  const ExampleGradients train = Make(example_.train(), 7);
  const GradientFactors all = All(example_.train());
  GradientFactors slice;
  std::vector<const void*> of_first;
  for (const int64_t begin : {0, 7, 14, 56}) {  // the last is smaller
    const int64_t end = std::min<int64_t>(60, begin + 7);
    ASSERT_TRUE(train.Slice(begin, end, ledger_, slice).ok());
    for (size_t l = 0; l < all.layers.size(); ++l) {
      const LayerFactors& layer = slice.layers[l];
      ExpectClose(layer.inputs, all.layers[l].inputs.slice(0, begin, end));
      ExpectClose(layer.deltas, all.layers[l].deltas.slice(0, begin, end));
      if (begin == 0) of_first.push_back(layer.deltas.data_ptr());
      if (end - begin == 7 && example_.model().layers()[l].kind == LayerKind::kConvolution) {
        EXPECT_EQ(layer.deltas.data_ptr(), of_first[l]);
      }
    }
    ExpectClose(slice.label_probability_gap, all.label_probability_gap.slice(0, begin, end));
  }
}

TEST_P(ExampleGradientsTest, KeptGradientsAreComputedOnce) {
  const auto evaluations = [&](int64_t rows) {
    CostLedger ledger;
    const double bytes = GradientBytes(example_.model(), parameters_) * (rows + .5);
    const ExampleGradients train = *ExampleGradients::Make(
        example_.model(), parameters_, example_.train(), GradientTarget::kLoss, bytes, ledger);
    EXPECT_TRUE(GramMatrix(train, train.size(), ledger).ok());
    return ledger.Total().gradient_evaluations;
  };
  EXPECT_EQ(evaluations(60), 60);
  EXPECT_EQ(
      evaluations(40),
      60 +
          25);  // 35 are kept; the other 25 are computed for the products with these, and once more
}

INSTANTIATE_TEST_SUITE_P(Models, ExampleGradientsTest,
                         testing::Values(SmallMlp, WorkedExample::WithConvolutions,
                                         WorkedExample::WithCnn));

}  // namespace
}  // namespace attribench
