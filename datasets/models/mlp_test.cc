// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/mlp.h"

#include <cmath>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

std::unique_ptr<Model> TinyMlp() {
  MlpSpec spec;
  spec.set_num_inputs(2);
  spec.add_hidden_units(2);
  spec.set_num_classes(3);
  return MakeMlp(spec);
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

TEST(MlpTest, LayersAndDescription) {
  const auto model = TinyMlp();
  ASSERT_EQ(model->layers().size(), 2);
  EXPECT_EQ(model->layers()[0].name, "fc1");
  EXPECT_EQ(model->layers()[0].kind, LayerKind::kLinear);
  EXPECT_EQ(model->layers()[1].name, "fc2");
  EXPECT_EQ(model->layers()[1].num_inputs, 2);
  EXPECT_EQ(model->layers()[1].num_outputs, 3);
  EXPECT_EQ(model->num_classes(), 3);
  EXPECT_EQ(model->Description(), "MLP 2-2-3");
}

TEST(MlpTest, DropoutKeepsTheMeanAndIsOffInEvaluation) {
  MlpSpec spec;
  spec.set_num_inputs(1);
  spec.add_hidden_units(20000);
  spec.set_num_classes(2);
  spec.set_dropout(0.25);
  const auto model = MakeMlp(spec);
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

}  // namespace
}  // namespace attribench
