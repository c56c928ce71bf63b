// SPDX-License-Identifier: Apache-2.0
#include "datasets/model.h"

#include <cmath>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

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
  EXPECT_NEAR(model->Logits(ones, at::ones({1, 1}))[0][0].item<double>(), 1, 1e-5);
}

TEST(ModelOutputsTest, ByHand) {
  const at::Tensor logits = at::tensor({1., 2., 3.}, at::kDouble).view({1, 3});
  const ModelOutputs outputs = OutputsOfLogits(logits, at::tensor({2}, at::kLong));
  const double margin = 3 - std::log(std::exp(1.) + std::exp(2.));
  EXPECT_NEAR(outputs.margin.item<double>(), margin, 1e-14);
  EXPECT_NEAR(outputs.negative_loss.item<double>(),
              3 - std::log(std::exp(1.) + std::exp(2.) + std::exp(3.)), 1e-14);
}

// float32 arithmetic near 1 would call both losses 0.
TEST(ModelOutputsTest, TinyLossesKeepTheirOrderAndHugeOnesStayFinite) {
  const at::Tensor logits = at::tensor({30.f, 0.f, 31.f, 0.f, -2000.f, 0.f}).view({3, 2});
  const ModelOutputs outputs = OutputsOfLogits(logits, at::tensor({0, 0, 0}, at::kLong));
  const at::Tensor loss = outputs.negative_loss.neg();
  EXPECT_NEAR(loss[0].item<double>() / std::exp(-30.), 1, 1e-12);
  EXPECT_NEAR(loss[1].item<double>() / std::exp(-31.), 1, 1e-12);
  EXPECT_EQ(loss[2].item<double>(), 2000);
}

}  // namespace
}  // namespace attribench
