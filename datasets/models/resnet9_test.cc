// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/resnet9.h"

#include <map>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/models/winograd.h"
#include "gtest/gtest.h"
#include "torch/csrc/autograd/autograd.h"
#include "torch/csrc/autograd/variable.h"

namespace attribench {
namespace {

// Asked before the first convolution of the process: later it would be too late.
const bool has_winograd = AllowWinograd();

std::unique_ptr<Model> TinyResNet9(int64_t image_size, int64_t width,
                                   ConvolutionAlgorithm algorithm = DIRECT) {
  ResNet9Spec spec;
  spec.set_convolution_algorithm(algorithm);
  spec.set_num_channels(3);
  spec.set_image_size(image_size);
  spec.set_width(width);
  spec.set_num_classes(2);
  return MakeResNet9(spec);
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
  // Multiply-adds of the first convolution, of each block at its resolution, and of the last layer.
  const double expected = 1024. * 27 * 64 + 1024. * (9 * 64 + 9 * 128 + 64) * 128 +
                          256. * (9 * 128 + 9 * 256 + 128) * 256 +
                          64. * (9 * 256 + 9 * 512 + 256) * 512 + 512 * 2;
  const double batch_norm = 1024. * (64 + 3 * 128) + 256. * 3 * 256 + 64. * 3 * 512;
  EXPECT_EQ(model->ForwardFlops(), 2 * (expected + batch_norm));
}

// In an image of one pixel, a 3 x 3 convolution uses only its middle weight, so the network is a
// chain of matrix products.
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

// With a trace, training uses dense tensors and direct convolutions. Without one, it uses oneDNN's
// layout and the algorithm of the setting.
TEST_P(ResNet9TrainingTest, WithoutATraceComputesTheSame) {
  if (GetParam() == WINOGRAD && !has_winograd) GTEST_SKIP() << "needs AVX-512";
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
  // float32 sums in another order, through seven normalised layers.
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

}  // namespace
}  // namespace attribench
