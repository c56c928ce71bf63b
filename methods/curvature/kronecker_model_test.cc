// SPDX-License-Identifier: Apache-2.0
//
// Tests quantities that a rotation does not change. kronecker_attribution_test compares everything
// else with dense algebra.
#include "methods/curvature/kronecker_model.h"

#include <memory>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/models/model.h"
#include "datasets/models/model_factory.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/gradients/example_gradients.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

// A narrow ResNet-9 as it is initialised, on noise: as many images as need several forward passes.
class KroneckerModelTest : public testing::Test {
 protected:
  KroneckerModelTest() {
    ModelSpec spec;
    spec.mutable_resnet9()->set_num_channels(3);
    spec.mutable_resnet9()->set_image_size(16);
    spec.mutable_resnet9()->set_width(4);
    spec.mutable_resnet9()->set_num_classes(3);
    model_ = *MakeModel(spec);
    RandomStream stream(1, "kronecker model test");
    parameters_ = model_->Initialise(stream);
    task_.model = model_.get();
    task_.train = {at::randn({1100, 3, 16, 16}), at::randint(3, {1100}, at::kLong)};
    task_.test = {at::randn({7, 3, 16, 16}), at::randint(3, {7}, at::kLong)};
  }

  KroneckerModel Fit(KroneckerEigenvalues eigenvalues, double memory_limit) {
    task_.memory_limit = memory_limit;
    return *FitKroneckerModel(task_, parameters_, FisherKind::kEmpirical, eigenvalues, ledger_);
  }

  // One tensor [n, .] per layer: the columns are its inputs, then its deltas.
  std::vector<at::Tensor> TrainingGradients(const KroneckerModel& model) {
    std::vector<std::vector<at::Tensor>> rows(model.layers.size());
    int64_t next = 0;
    const absl::Status status = model.visit_train(
        [&](int64_t begin, const std::vector<LayerFactors>& layers) {
          EXPECT_EQ(begin, next);
          next += layers.front().inputs.size(0);
          for (size_t l = 0; l < layers.size(); ++l)
            rows[l].push_back(at::cat({layers[l].inputs, layers[l].deltas}, 1));
        },
        ledger_);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(next, model.num_train);
    std::vector<at::Tensor> all;
    for (const std::vector<at::Tensor>& layer : rows) all.push_back(at::cat(layer));
    return all;
  }

  std::unique_ptr<Model> model_;
  Parameters parameters_;
  AttributionTask task_;
  CostLedger ledger_;
};

// Kept gradients and gradients that are computed again are equal, except for rounding: the shapes
// of the matrix products differ.
TEST_F(KroneckerModelTest, TrainingGradientsKeptOrComputedAgain) {
  int blocks = 0;
  ASSERT_TRUE(VisitGradients(*model_, parameters_, task_.train, GradientTarget::kLoss, ledger_,
                             [&](const GradientBlock&) { ++blocks; })
                  .ok());
  ASSERT_GT(blocks, 2);
  const KroneckerModel keeps = Fit(KroneckerEigenvalues::kProducts, 1e10);
  const auto kept = TrainingGradients(keeps);
  double kept_bytes = 0;
  for (const at::Tensor& layer : kept) kept_bytes += static_cast<double>(layer.nbytes());
  const double row = GradientBytes(*model_, parameters_);
  for (const int64_t rows : {0, 100}) {  // a block at a time; some blocks
    const KroneckerModel walks = Fit(KroneckerEigenvalues::kProducts, 8 * (rows + .5) * row);
    const auto walked = TrainingGradients(walks);
    for (size_t l = 0; l < kept.size(); ++l) {
      EXPECT_LE(kept[l].sub(walked[l]).abs().max().item<double>(),
                1e-4 * kept[l].abs().max().item<double>())
          << l;
    }
    // Both numbers also include the test examples' gradients.
    EXPECT_EQ(keeps.bytes - kept_bytes, walks.bytes);
    EXPECT_EQ(walks.walk_bytes, rows * row);
  }
}

// Squares along the vectors of any basis sum to the squared length, whichever way a layer's
// gradients go into it.
TEST_F(KroneckerModelTest, SecondMomentsSumToTheMeanSquaredGradient) {
  const auto factors =
      ComputeGradientFactors(*model_, parameters_, task_.train, GradientTarget::kLoss, ledger_);
  ASSERT_TRUE(factors.ok()) << factors.status();
  const KroneckerModel fitted = Fit(KroneckerEigenvalues::kSecondMoments, 1e10);
  for (size_t l = 0; l < fitted.layers.size(); ++l) {
    const LayerFactors& layer = factors->layers[l];
    const double squares =
        layer.inputs.square().sum(1).mul_(layer.deltas.square().sum(1)).mean().item<double>();
    EXPECT_NEAR(fitted.layers[l].eigenvalues.sum().item<double>(), squares, 1e-4 * squares) << l;
    EXPECT_GE(fitted.layers[l].eigenvalues.min().item<double>(), 0) << l;
  }
}

}  // namespace
}  // namespace attribench
