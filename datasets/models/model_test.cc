// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/model.h"

#include <cmath>
#include <map>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/models/model_factory.h"
#include "datasets/models/winograd.h"
#include "gtest/gtest.h"
#include "torch/csrc/autograd/autograd.h"
#include "torch/csrc/autograd/variable.h"

namespace attribench {
namespace {

std::unique_ptr<Model> TinyMlp(double dropout = 0) {
  ModelSpec spec;
  spec.mutable_mlp()->set_num_inputs(2);
  spec.mutable_mlp()->add_hidden_units(2);
  spec.mutable_mlp()->set_num_classes(3);
  spec.mutable_mlp()->set_dropout(dropout);
  return *MakeModel(spec);
}

// Worked by hand: hidden = relu([1 -1; 2 1] [3, 1]' + [0, -8]') = relu([2, -1]) = [2, 0].
TEST(MlpTest, ForwardByHand) {
  const auto model = TinyMlp();
  const Parameters parameters = {
      {"fc1.weight", at::tensor({1., -1., 2., 1.}, at::kDouble).view({2, 2})},
      {"fc1.bias", at::tensor({0., -8.}, at::kDouble)},
      {"fc2.weight", at::tensor({1., 5., 0.5, 5., -1., 5.}, at::kDouble).view({3, 2})},
      {"fc2.bias", at::tensor({0., 1., 0.}, at::kDouble)}};
  std::vector<LayerTrace> trace;
  const at::Tensor logits =
      model->Logits(parameters, at::tensor({3., 1.}, at::kDouble).view({1, 2}), nullptr, &trace);
  EXPECT_TRUE(at::equal(logits, at::tensor({2., 2., -2.}, at::kDouble).view({1, 3})));
  ASSERT_EQ(trace.size(), 2);
  EXPECT_TRUE(at::equal(trace[0].output, at::tensor({2., -1.}, at::kDouble).view({1, 2})));
  EXPECT_TRUE(at::equal(trace[1].input, at::tensor({2., 0.}, at::kDouble).view({1, 2})));
}

TEST(MlpTest, InitialisationHasTheFieldsNamesShapesAndBounds) {
  const auto model = TinyMlp();
  RandomStream stream(1, "test");
  const Parameters parameters = model->Initialise(stream);
  ASSERT_EQ(parameters.size(), 4);
  EXPECT_EQ(parameters[0].name, "fc1.weight");
  EXPECT_EQ(parameters[3].name, "fc2.bias");
  EXPECT_EQ(parameters[2].value.sizes(), (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(CountParameters(parameters), 2 * 2 + 2 + 3 * 2 + 3);
  for (const Parameter& parameter : parameters) {
    EXPECT_LE(parameter.value.abs().max().item<float>(), 1 / std::sqrt(2.0f));
    EXPECT_GT(parameter.value.abs().max().item<float>(), 0);
  }
  EXPECT_EQ(model->ForwardFlops(), 2 * (2 * 2 + 2 * 3));
  EXPECT_EQ(model->Description(), "MLP 2-2-3");
}

TEST(MlpTest, DropoutKeepsTheMeanAndIsOffInEvaluation) {
  ModelSpec spec;
  spec.mutable_mlp()->set_num_inputs(1);
  spec.mutable_mlp()->add_hidden_units(20000);
  spec.mutable_mlp()->set_num_classes(2);
  spec.mutable_mlp()->set_dropout(0.25);
  const auto model = *MakeModel(spec);
  const Parameters ones = {{"fc1.weight", at::ones({20000, 1})},
                           {"fc1.bias", at::zeros({20000})},
                           {"fc2.weight", at::full({2, 20000}, 1 / 20000.0f)},
                           {"fc2.bias", at::zeros({2})}};
  RandomStream stream(1, "dropout");
  const double kept = model->Logits(ones, at::ones({1, 1}), &stream)[0][0].item<double>();
  // Five standard errors of a mean of 20,000 values that are 0 or 4/3: sqrt(1/3/20000).
  EXPECT_NEAR(kept, 1, 5 * std::sqrt(1.0 / 3 / 20000));
  EXPECT_NE(kept, 1);
  // Each of 20,000 additions in float32 is off by at most 2^-25 of the sum.
  EXPECT_NEAR(model->Logits(ones, at::ones({1, 1}))[0][0].item<double>(), 1, 20000 * 0x1p-25);
}

// Before the first convolution, after which it could not be had.
const bool winograd_is_there = AllowWinograd();

std::unique_ptr<Model> TinyResNet9(int64_t image_size, int64_t width,
                                   ConvolutionAlgorithm algorithm = DIRECT) {
  ModelSpec spec;
  spec.mutable_resnet9()->set_convolution_algorithm(algorithm);
  spec.mutable_resnet9()->set_num_channels(3);
  spec.mutable_resnet9()->set_image_size(image_size);
  spec.mutable_resnet9()->set_width(width);
  spec.mutable_resnet9()->set_num_classes(2);
  return *MakeModel(spec);
}

TEST(ResNet9Test, HasThePublishedNamesAndCount) {
  const auto model = TinyResNet9(32, 64);
  RandomStream stream(1, "test");
  const Parameters parameters = model->Initialise(stream);
  EXPECT_EQ(CountParameters(parameters), 4825154);
  EXPECT_EQ(model->Description(), "ResNet-9, width 64");
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const Parameter& parameter : parameters) {
    shapes[parameter.name] = parameter.value.sizes().vec();
    EXPECT_EQ(parameter.trained, !absl::StrContains(parameter.name, "running"));
  }
  EXPECT_EQ(shapes.at("conv1.weight"), (std::vector<int64_t>{64, 3, 3, 3}));
  EXPECT_EQ(shapes.at("layer2.0.conv1.weight"), (std::vector<int64_t>{256, 128, 3, 3}));
  EXPECT_EQ(shapes.at("layer2.0.shortcut.0.weight"), (std::vector<int64_t>{256, 128, 1, 1}));
  EXPECT_EQ(shapes.at("layer3.0.bn2.running_var"), (std::vector<int64_t>{512}));
  EXPECT_EQ(shapes.at("linear.bias"), (std::vector<int64_t>{2}));
  // Multiply-adds of the first convolution, of each block at its own resolution, of the last layer.
  const double expected = 1024. * 27 * 64 + 1024. * (9 * 64 + 9 * 128 + 64) * 128 +
                          256. * (9 * 128 + 9 * 256 + 128) * 256 +
                          64. * (9 * 256 + 9 * 512 + 256) * 512 + 512 * 2;
  const double batch_norm = 1024. * (64 + 3 * 128) + 256. * 3 * 256 + 64. * 3 * 512;
  EXPECT_EQ(model->ForwardFlops(), 2 * (expected + batch_norm));
}

// Of an image of one pixel a 3 x 3 convolution sees its middle weight alone: the network is a chain
// of matrix products.
TEST(ResNet9Test, OnOnePixelIsMatrixProducts) {
  const auto model = TinyResNet9(1, 2);
  RandomStream stream(1, "test");
  Parameters parameters = model->Initialise(stream);
  std::map<std::string, at::Tensor> value;
  for (Parameter& parameter : parameters) {
    at::Tensor& v = parameter.value = parameter.value.to(at::kDouble);
    if (absl::StrContains(parameter.name, "bn") ||
        absl::StrContains(parameter.name, "shortcut.1")) {
      for (int64_t i = 0; i < v.numel(); ++i) v[i].add_(stream.UniformFloat());
    }
    value[parameter.name] = v;
  }
  const auto convolve_and_normalise = [&](const at::Tensor& x, const std::string& convolution,
                                          const std::string& norm) {
    const at::Tensor weight = value.at(convolution + ".weight");
    const int64_t middle = weight.size(2) / 2;
    const at::Tensor y = at::matmul(x, weight.select(3, middle).select(2, middle).t());
    return y.sub(value.at(norm + ".running_mean"))
        .div(value.at(norm + ".running_var").add(1e-5).sqrt())
        .mul(value.at(norm + ".weight"))
        .add(value.at(norm + ".bias"));
  };
  const at::Tensor pixels = at::tensor({1., -2., .5, .25, 2., -1.}, at::kDouble).view({2, 3});
  at::Tensor x = convolve_and_normalise(pixels, "conv1", "bn1").relu();
  for (const std::string block : {"layer1.0.", "layer2.0.", "layer3.0."}) {
    at::Tensor y = convolve_and_normalise(x, block + "conv1", block + "bn1").relu();
    y = convolve_and_normalise(y, block + "conv2", block + "bn2").relu();
    x = y.add(convolve_and_normalise(x, block + "shortcut.0", block + "shortcut.1")).relu();
  }
  const at::Tensor expected =
      at::matmul(x, value.at("linear.weight").t()).add(value.at("linear.bias"));
  const at::Tensor images = pixels.view({2, 3, 1, 1});
  EXPECT_TRUE(model->Logits(parameters, images).allclose(expected, 1e-12, 1e-12));
  EXPECT_TRUE(PenultimateFeatures(*model, parameters, images).allclose(x, 1e-12, 1e-12));
}

class ResNet9TrainingTest : public testing::TestWithParam<ConvolutionAlgorithm> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, ResNet9TrainingTest, testing::Values(DIRECT, WINOGRAD),
                         [](const auto& tested) {
                           return ConvolutionAlgorithm_Name(tested.param);
                         });

// A trace has every layer's output as it is; without one, training takes the library's own layout
// and the algorithm asked for.
TEST_P(ResNet9TrainingTest, WithoutATraceComputesTheSame) {
  if (GetParam() == WINOGRAD && !winograd_is_there) GTEST_SKIP() << "needs AVX-512";
  const auto model = TinyResNet9(8, 16, GetParam());
  RandomStream stream(1, "test");
  Parameters with = model->Initialise(stream), without = with;
  for (Parameter& parameter : without) parameter.value = parameter.value.clone();
  const at::Tensor images = at::linspace(-1, 1, 16 * 3 * 8 * 8).sin().view({16, 3, 8, 8});
  std::vector<at::Tensor> gradients[2];
  at::Tensor logits[2];
  for (int i = 0; i < 2; ++i) {
    std::vector<at::Tensor> weights;
    for (Parameter& parameter : i == 0 ? with : without) {
      if (parameter.trained) weights.push_back(parameter.value.set_requires_grad(true));
    }
    std::vector<LayerTrace> trace;
    logits[i] = model->Logits(i == 0 ? with : without, images, &stream, i == 0 ? &trace : nullptr);
    gradients[i] = torch::autograd::grad({logits[i].square().sum()}, weights);
  }
  // float32 in another order of sums, through seven normalised layers.
  EXPECT_TRUE(logits[0].allclose(logits[1], 1e-4, 1e-4));
  for (size_t i = 0; i < gradients[0].size(); ++i) {
    EXPECT_LE(gradients[0][i].sub(gradients[1][i]).norm().item<double>(),
              1e-3 * gradients[0][i].norm().item<double>())
        << i;
  }
  for (size_t i = 0; i < with.size(); ++i) {
    EXPECT_TRUE(with[i].value.detach().allclose(without[i].value, 1e-4, 1e-6)) << with[i].name;
  }
}

TEST(ResNet9Test, TrainingUsesTheBatchsStatisticsAndMovesTheRunningOnes) {
  const auto model = TinyResNet9(8, 2);
  RandomStream stream(1, "test");
  const Parameters parameters = model->Initialise(stream);
  at::Tensor images = at::empty({16, 3, 8, 8});
  for (int64_t i = 0; i < images.numel(); ++i) {
    images.data_ptr<float>()[i] = static_cast<float>(3 + 2 * stream.Gaussian());
  }
  std::vector<LayerTrace> trace;
  model->Logits(parameters, images, &stream, &trace);
  const at::Tensor convolved = trace[0].output, normalised = trace[1].output;  // weight 1, bias 0
  EXPECT_LE(normalised.mean({0, 2, 3}).abs().max().item<double>(), 1e-5);
  EXPECT_LE(normalised.square().mean({0, 2, 3}).sub(1).abs().max().item<double>(), 1e-3);
  ASSERT_EQ(parameters[3].name, "bn1.running_mean");
  EXPECT_TRUE(parameters[3].value.allclose(convolved.mean({0, 2, 3}).mul(.1), 1e-4, 1e-6));
  EXPECT_TRUE(parameters[4].value.allclose(
      convolved.transpose(0, 1).flatten(1).var(1, /*unbiased=*/true).mul(.1).add(.9), 1e-4, 1e-6));
  const at::Tensor before = parameters[3].value.clone();
  model->Logits(parameters, images);
  EXPECT_TRUE(parameters[3].value.equal(before)) << "evaluation must leave them alone";
}

TEST(EvaluateLogitsTest, BlocksGiveWhatAllAtOnceDo) {
  const auto model = TinyResNet9(32, 16);  // 44 images at a time
  RandomStream stream(1, "test");
  const Parameters parameters = model->Initialise(stream);
  const at::Tensor images = at::linspace(-1, 1, 130 * 3 * 32 * 32).view({130, 3, 32, 32});
  EXPECT_TRUE(EvaluateLogits(*model, parameters, images)
                  .allclose(model->Logits(parameters, images), 1e-4, 1e-5));
}

}  // namespace
}  // namespace attribench
