// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/trainer.h"

#include <cmath>
#include <numeric>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/models/model_factory.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

std::unique_ptr<Model> Linear(int64_t inputs, int64_t classes) {
  ModelSpec spec;
  spec.mutable_mlp()->set_num_inputs(inputs);
  spec.mutable_mlp()->set_num_classes(classes);
  return *MakeModel(spec);
}

Recipe MakeRecipe(double learning_rate, double momentum, int64_t epochs, int64_t batch_size) {
  Recipe recipe;
  recipe.set_learning_rate(learning_rate);
  recipe.set_momentum(momentum);
  recipe.set_epochs(epochs);
  recipe.set_batch_size(batch_size);
  return recipe;
}

// One example with input 2 and label 0, two classes, momentum .9. The test computes the same steps
// in double: the gradient of the loss is (p_0 - 1, p_1) for the biases, and twice that for the
// weights.
TEST(TrainerTest, StepsByHand) {
  const auto model = Linear(1, 2);
  const Dataset data = {at::full({1, 1}, 2.0f), at::zeros({1}, at::kLong)};
  const Recipe recipe = MakeRecipe(0.1, 0.9, 3, 1);
  const absl::StatusOr<Parameters> trained = Train(*model, data, {0}, recipe, 5);
  ASSERT_TRUE(trained.ok()) << trained.status();

  RandomStream stream(5, "initialisation");
  const Parameters start = model->Initialise(stream);
  double w[2], b[2], vw[2] = {0, 0}, vb[2] = {0, 0};
  for (int c = 0; c < 2; ++c) {
    w[c] = start[0].value[c][0].item<double>();
    b[c] = start[1].value[c].item<double>();
  }
  for (int step = 0; step < 3; ++step) {
    const double z = (2 * w[0] + b[0]) - (2 * w[1] + b[1]);
    const double p1 = 1 / (1 + std::exp(z));
    const double delta[2] = {-p1, p1};
    for (int c = 0; c < 2; ++c) {
      vw[c] = 0.9 * vw[c] + 2 * delta[c];
      vb[c] = 0.9 * vb[c] + delta[c];
      w[c] -= 0.1 * vw[c];
      b[c] -= 0.1 * vb[c];
    }
  }
  for (int c = 0; c < 2; ++c) {  // tolerance: a few float32 roundings of numbers below 2
    EXPECT_NEAR((*trained)[0].value[c][0].item<double>(), w[c], 2e-6);
    EXPECT_NEAR((*trained)[1].value[c].item<double>(), b[c], 2e-6);
  }
}

TEST(TrainerTest, LearningRateFallsToZero) {
  Recipe recipe = MakeRecipe(0.4, 0, 2, 2);
  EXPECT_EQ(LearningRate(recipe, 0.75), 0.4);
  recipe.set_schedule(LINEAR_TO_ZERO);
  EXPECT_EQ(LearningRate(recipe, 0), 0.4);
  EXPECT_EQ(LearningRate(recipe, 0.75), 0.1);
  // Three examples, batches of two, two epochs: four steps with rates .4, .3, .2 and .1. All inputs
  // are 0, so only the biases change, by rate x probability of the other class.
  const auto model = Linear(1, 2);
  const Dataset data = {at::zeros({3, 1}), at::zeros({3}, at::kLong)};
  const absl::StatusOr<Parameters> trained = Train(*model, data, {0, 1, 2}, recipe, 5);
  ASSERT_TRUE(trained.ok()) << trained.status();
  RandomStream stream(5, "initialisation");
  const Parameters start = model->Initialise(stream);
  double bias[2] = {start[1].value[0].item<double>(), start[1].value[1].item<double>()};
  for (const double rate : {0.4, 0.3, 0.2, 0.1}) {
    const double p1 = 1 / (1 + std::exp(bias[0] - bias[1]));
    bias[0] += rate * p1;
    bias[1] -= rate * p1;
  }
  for (int c = 0; c < 2; ++c) {
    EXPECT_NEAR((*trained)[1].value[c].item<double>(), bias[c], 1e-6);
  }
}

TEST(TrainerTest, SameSeedSameBytesOtherSeedOthers) {
  const auto model = Linear(3, 2);
  const Dataset data = {at::arange(30, at::kFloat).view({10, 3}).remainder(7),
                        at::arange(10, at::kLong).remainder(2)};
  std::vector<int64_t> all(10);
  std::iota(all.begin(), all.end(), 0);
  const Recipe recipe = MakeRecipe(0.01, 0.9, 5, 4);
  const Parameters a = *Train(*model, data, all, recipe, 1),
                   b = *Train(*model, data, all, recipe, 1);
  const Parameters c = *Train(*model, data, all, recipe, 2);
  EXPECT_TRUE(at::equal(a[0].value, b[0].value));
  EXPECT_FALSE(at::equal(a[0].value, c[0].value));
}

TEST(TrainerTest, OnlyTheChosenExamplesCount) {
  const auto model = Linear(3, 2);
  Dataset data = {at::arange(30, at::kFloat).view({10, 3}).remainder(7),
                  at::arange(10, at::kLong).remainder(2)};
  const Recipe recipe = MakeRecipe(0.01, 0.9, 5, 4);
  const Parameters before = *Train(*model, data, {1, 4, 6}, recipe, 1);
  data.inputs[3].fill_(1e6);
  EXPECT_TRUE(at::equal(before[0].value, (*Train(*model, data, {1, 4, 6}, recipe, 1))[0].value));
}

TEST(TrainerTest, DivergenceIsAStatus) {
  const auto model = Linear(1, 2);
  const Dataset data = {at::full({2, 1}, 1e30f), at::tensor({0, 1}, at::kLong)};
  const absl::Status status = Train(*model, data, {0, 1}, MakeRecipe(1e30, 0, 3, 1), 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "diverged")) << status;
  EXPECT_EQ(Train(*model, data, {}, MakeRecipe(1, 0, 1, 1), 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TrainerTest, FlopsByFormula) {
  // 3 (forward 1, backward 2) x 2 per multiply-add x 5 x 2 weights x 10 examples x 4 epochs.
  EXPECT_EQ(TrainingFlops(*Linear(5, 2), MakeRecipe(0.1, 0, 4, 1), 10), 3 * 2 * 5 * 2 * 10 * 4);
}

TEST(TrainerTest, TrainingTimeIsTheSumOfTheLearningRates) {
  // 4 epochs of 3 steps (4, 4 and 2 of 10 examples) with the rate .1, momentum .5.
  Recipe recipe = MakeRecipe(0.1, 0.5, 4, 4);
  EXPECT_NEAR(TrainingTime(recipe, 10), 12 * .1 / .5, 1e-12);
  // Rates fall from .1 to .1 / 12: their sum is .1 (12 + 11 + ... + 1) / 12.
  recipe.set_schedule(LINEAR_TO_ZERO);
  EXPECT_NEAR(TrainingTime(recipe, 10), .1 * 6.5 / .5, 1e-12);
}

}  // namespace
}  // namespace attribench
