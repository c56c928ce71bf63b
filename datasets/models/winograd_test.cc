// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/winograd.h"

#include <array>
#include <vector>

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "torch/csrc/autograd/autograd.h"
#include "torch/csrc/autograd/variable.h"

namespace attribench {
namespace {

// `expected` is computed in double. F(4 x 4, 3 x 3) sums up to 36 products of transforms with
// entries up to 5 (images), 1 (weights) and 8 (outputs). This amplifies the rounding errors of
// float32 some tens of times; they are proportional to the norm.
void ExpectNear(const at::Tensor& now, const at::Tensor& expected) {
  const at::Tensor wanted = expected.to(at::kDouble);
  EXPECT_LT((now.to(at::kDouble) - wanted).norm().item<double>(),
            100 * 0x1p-24 * wanted.norm().item<double>());
}

TEST(WinogradTest, IsTheConvolutionAndItsGradients) {
  if (!AllowWinograd()) GTEST_SKIP() << "needs AVX-512 and the system's LibTorch";
  at::manual_seed(1);
  for (const auto& [channels, out, side, batch] : std::vector<std::array<int64_t, 4>>{
           {16, 32, 8, 5}, {64, 128, 12, 3}, {128, 64, 7, 2}, {32, 16, 1, 4}}) {
    const at::Tensor images = at::randn({batch, channels, side, side}).set_requires_grad(true);
    const at::Tensor weight = at::randn({out, channels, 3, 3}).set_requires_grad(true);
    const at::Tensor of_output = at::randn({batch, out, side, side});

    const at::Tensor output = WinogradConvolution(images.to_mkldnn(), weight).to_dense();
    const auto gradients = torch::autograd::grad({output}, {images, weight}, {of_output});

    const at::Tensor exact_images = images.detach().to(at::kDouble).set_requires_grad(true);
    const at::Tensor exact_weight = weight.detach().to(at::kDouble).set_requires_grad(true);
    const at::Tensor expected = at::conv2d(exact_images, exact_weight, {}, 1, 1);
    const auto expected_gradients = torch::autograd::grad({expected}, {exact_images, exact_weight},
                                                          {of_output.to(at::kDouble)});
    SCOPED_TRACE(testing::Message() << channels << " to " << out << " channels, side " << side);
    ExpectNear(output, expected);
    ExpectNear(gradients[0], expected_gradients[0]);
    ExpectNear(gradients[1], expected_gradients[1]);
  }
}

}  // namespace
}  // namespace attribench
