// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/cnn.h"

#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

std::unique_ptr<Model> MakeCnn(int64_t channels, int64_t image_size,
                               const std::vector<int64_t>& filters, int64_t classes) {
  CnnSpec spec;
  spec.set_num_channels(channels);
  spec.set_image_size(image_size);
  for (const int64_t count : filters) spec.add_filters(count);
  spec.set_num_classes(classes);
  return attribench::MakeCnn(spec);
}

TEST(CnnTest, NamesShapesAndCounts) {
  const auto model = MakeCnn(3, 32, {16, 32, 64}, 10);
  EXPECT_EQ(model->Description(), "CNN 3-16-32-64-10");
  EXPECT_EQ(model->num_classes(), 10);
  RandomStream stream(1, "test");
  const Parameters parameters = model->Initialise(stream);
  const std::vector<std::pair<std::string, std::vector<int64_t>>> expected = {
      {"conv1.weight", {16, 3, 3, 3}},  {"conv1.bias", {16}},
      {"conv2.weight", {32, 16, 3, 3}}, {"conv2.bias", {32}},
      {"conv3.weight", {64, 32, 3, 3}}, {"conv3.bias", {64}},
      {"fc.weight", {10, 64 * 4 * 4}},  {"fc.bias", {10}}};
  ASSERT_EQ(parameters.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(parameters[i].name, expected[i].first);
    EXPECT_EQ(parameters[i].value.sizes(), expected[i].second) << expected[i].first;
    EXPECT_TRUE(parameters[i].trained);
  }
  EXPECT_EQ(CountParameters(parameters), 448 + 4640 + 18496 + 10250);
  // Multiply-adds at 16 x 16, 8 x 8 and 4 x 4 positions, and of the last layer.
  EXPECT_EQ(model->ForwardFlops(),
            2 * (256. * 27 * 16 + 64. * 144 * 32 + 16. * 288 * 64 + 1024. * 10));
}

// The network written out in loops. `image` [channels, side, side]; its positions outside are 0.
std::vector<double> LogitsInLoops(const Model& model, const Parameters& parameters,
                                  at::Tensor image) {
  size_t parameter = 0;
  for (const Layer& layer : model.layers()) {
    const at::Tensor weight = parameters[parameter++].value, bias = parameters[parameter++].value;
    if (layer.kind == LayerKind::kLinear) {
      std::vector<double> logits;
      for (int64_t out = 0; out < layer.num_outputs; ++out) {
        double sum = bias[out].item<double>();
        int64_t in = 0;
        for (int64_t c = 0; c < image.size(0); ++c) {
          for (int64_t y = 0; y < image.size(1); ++y) {
            for (int64_t x = 0; x < image.size(2); ++x, ++in)
              sum += weight[out][in].item<double>() * image[c][y][x].item<double>();
          }
        }
        EXPECT_EQ(in, layer.num_inputs);
        logits.push_back(sum);
      }
      return logits;
    }
    const int64_t side = image.size(1), half = (side + 1) / 2;
    at::Tensor next = at::empty({layer.num_outputs, half, half}, at::kDouble);
    EXPECT_EQ(layer.positions, half * half);
    for (int64_t i = 0; i < next.numel(); ++i) {
      const int64_t out = i / (half * half), y = i / half % half, x = i % half;
      double sum = bias[out].item<double>();
      for (int64_t j = 0; j < layer.num_inputs; ++j) {
        const int64_t c = j / 9, row = 2 * y + j / 3 % 3 - 1, column = 2 * x + j % 3 - 1;
        if (row < 0 || row >= side || column < 0 || column >= side) continue;
        sum +=
            weight[out][c][j / 3 % 3][j % 3].item<double>() * image[c][row][column].item<double>();
      }
      next[out][y][x] = sum > 0 ? sum : 0;
    }
    image = next;
  }
  return {};
}

// An odd side and an even one: 7 -> 4 -> 2.
TEST(CnnTest, LogitsAreThoseOfLoops) {
  const auto model = MakeCnn(2, 7, {3, 4}, 5);
  RandomStream stream(1, "test");
  Parameters parameters = model->Initialise(stream);
  for (Parameter& parameter : parameters) parameter.value = parameter.value.to(at::kDouble);
  at::Tensor images = at::empty({3, 2, 7, 7}, at::kDouble);
  for (int64_t i = 0; i < images.numel(); ++i) images.data_ptr<double>()[i] = stream.Gaussian();
  std::vector<LayerTrace> trace;
  const at::Tensor logits = model->Logits(parameters, images, nullptr, &trace);
  ASSERT_EQ(logits.sizes(), (std::vector<int64_t>{3, 5}));
  for (int64_t i = 0; i < 3; ++i) {
    const std::vector<double> expected = LogitsInLoops(*model, parameters, images[i]);
    // Sums of at most 28 products of numbers of order 1, in another order.
    for (int64_t c = 0; c < 5; ++c) EXPECT_NEAR(logits[i][c].item<double>(), expected[c], 1e-13);
  }
  ASSERT_EQ(trace.size(), 3);
  EXPECT_TRUE(trace[0].input.equal(images));
  EXPECT_TRUE(trace[1].input.equal(trace[0].output.relu()));
  EXPECT_LT(trace[0].output.min().item<double>(), 0) << "outputs are those before the ReLU";
  EXPECT_TRUE(trace[2].output.equal(logits));
  EXPECT_TRUE(
      PenultimateFeatures(*model, parameters, images).equal(trace[1].output.relu().flatten(1)));
  // There is no dropout: training mode computes the same.
  EXPECT_TRUE(model->Logits(parameters, images, &stream).equal(logits));
}

}  // namespace
}  // namespace attribench
