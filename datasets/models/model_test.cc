// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/model.h"

#include <cmath>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// A 3 x 3 convolution, batch norm, mean over positions, a linear layer: one layer of each kind. It
// counts the calls of Logits.
class SmallNet : public Model {
 public:
  explicit SmallNet(int64_t channels = 4) {
    layers_ = {{"conv", LayerKind::kConvolution, 2 * 9, channels, /*has_bias=*/false},
               {"norm", LayerKind::kBatchNorm, 1, channels},
               {"fc", LayerKind::kLinear, channels, 3}};
    layers_[0].positions = layers_[1].positions = 64;
    layers_[0].kernel = 3;
    layers_[0].padding = 1;
  }

  std::string Description() const override { return "small"; }
  const std::vector<Layer>& layers() const override { return layers_; }
  int64_t num_classes() const override { return 3; }
  at::Tensor Logits(const Parameters& parameters, const at::Tensor& inputs, RandomStream*,
                    std::vector<LayerTrace>* trace) const override {
    ++calls;
    const at::Tensor convolved = at::conv2d(inputs, parameters[0].value, {}, 1, 1);
    const at::Tensor normalised = at::batch_norm(
        convolved, parameters[1].value, parameters[2].value, parameters[3].value,
        parameters[4].value, /*training=*/false, /*momentum=*/0, /*eps=*/1e-5, false);
    const at::Tensor features = normalised.mean({2, 3});
    const at::Tensor logits = at::linear(features, parameters[5].value, parameters[6].value);
    if (trace != nullptr) {
      *trace = {{inputs, convolved}, {convolved, normalised}, {features, logits}};
    }
    return logits;
  }

  mutable int calls = 0;

 private:
  std::vector<Layer> layers_;
};

TEST(ModelTest, InitialisationHasNamesShapesAndBoundsOfEachKindOfLayer) {
  const SmallNet model;
  RandomStream stream(1, "test");
  const Parameters parameters = model.Initialise(stream);
  const std::vector<std::pair<const char*, std::vector<int64_t>>> expected = {
      {"conv.weight", {4, 2, 3, 3}},
      {"norm.weight", {4}},
      {"norm.bias", {4}},
      {"norm.running_mean", {4}},
      {"norm.running_var", {4}},
      {"fc.weight", {3, 4}},
      {"fc.bias", {3}}};
  ASSERT_EQ(parameters.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(parameters[i].name, expected[i].first);
    EXPECT_EQ(parameters[i].value.sizes(), expected[i].second) << expected[i].first;
    EXPECT_EQ(parameters[i].trained, i != 3 && i != 4) << expected[i].first;
  }
  const auto expect_uniform = [&](int parameter, double bound) {
    const at::Tensor size = parameters[parameter].value.abs();
    EXPECT_LE(size.max().item<double>(), bound) << parameters[parameter].name;
    EXPECT_GT(size.max().item<double>(), bound / 10) << parameters[parameter].name;
  };
  expect_uniform(0, 1 / std::sqrt(18.));
  expect_uniform(5, 1 / std::sqrt(4.));
  expect_uniform(6, 1 / std::sqrt(4.));
  for (const int one : {1, 4}) EXPECT_TRUE(parameters[one].value.eq(1).all().item<bool>());
  for (const int zero : {2, 3}) EXPECT_TRUE(parameters[zero].value.eq(0).all().item<bool>());
  EXPECT_EQ(CountParameters(parameters), 4 * 18 + 4 + 4 + 3 * 4 + 3);
}

TEST(ModelTest, NumbersThatAreNotFiniteAreNamed) {
  Parameters parameters = {{"fc1.weight", at::zeros({2, 3})},
                           {"bn1.running_var", at::zeros({4}), /*trained=*/false}};
  EXPECT_TRUE(CheckFinite(parameters).ok());
  parameters[1].value[2] = -INFINITY;
  EXPECT_EQ(CheckFinite(parameters).message(),
            "running statistic bn1.running_var has -inf, must be finite (1 of its 4 numbers are "
            "not)");
  parameters[0].value.fill_(NAN);
  EXPECT_EQ(CheckFinite(parameters).message(),
            "parameter fc1.weight has nan, must be finite (6 of its 6 numbers are not)");
}

TEST(ModelTest, CountsOfALayer) {
  const SmallNet model;
  EXPECT_EQ(model.layers()[0].num_parameters(), 4 * 18);
  EXPECT_EQ(model.layers()[1].num_parameters(), 4 + 4);
  EXPECT_EQ(model.layers()[2].num_parameters(), 3 * 4 + 3);
  EXPECT_EQ(model.ForwardFlops(), 2 * (64 * 18 * 4 + 64 * 4 + 4 * 3));
}

TEST(EvaluateLogitsTest, BlocksGiveTheSameAsAllInputsAtOnce) {
  // 2 x 64 x 1000 outputs per image: 131 images make a block of at most 2^24 outputs.
  const SmallNet model(1000);
  RandomStream stream(1, "test");
  const Parameters parameters = model.Initialise(stream);
  const at::Tensor images = at::linspace(-1, 1, 150 * 2 * 8 * 8).sin().view({150, 2, 8, 8});
  const at::Tensor expected = model.Logits(parameters, images, nullptr, nullptr);
  model.calls = 0;
  const at::Tensor logits = EvaluateLogits(model, parameters, images);
  EXPECT_EQ(model.calls, 2);
  EXPECT_TRUE(logits.allclose(expected, 1e-4, 1e-5));
}

TEST(PenultimateFeaturesTest, AreTheInputsOfTheLastLayer) {
  const SmallNet model;
  RandomStream stream(1, "test");
  const Parameters parameters = model.Initialise(stream);
  const at::Tensor images = at::linspace(-1, 1, 300 * 2 * 8 * 8).sin().view({300, 2, 8, 8});
  const at::Tensor features = PenultimateFeatures(model, parameters, images);
  ASSERT_EQ(features.sizes(), (std::vector<int64_t>{300, 4}));
  const at::Tensor logits = model.Logits(parameters, images, nullptr, nullptr);
  EXPECT_TRUE(
      at::linear(features, parameters[5].value, parameters[6].value).allclose(logits, 1e-4, 1e-5));
}

}  // namespace
}  // namespace attribench
