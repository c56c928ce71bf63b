// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/removal_trainings.h"

#include <filesystem>
#include <numeric>

#include "ATen/ATen.h"
#include "datasets/models/model_factory.h"
#include "datasets/models/model_outputs.h"
#include "datasets/random_stream.h"
#include "datasets/whole_file.h"
#include "datasets/zoo/trainer.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr int64_t kTrain = 40, kTests = 12;

class RemovalTrainingsTest : public testing::Test {
 protected:
  RemovalTrainingsTest() {
    std::filesystem::remove_all(Folder());
    auto* mlp = setting_.mutable_model()->mutable_mlp();
    mlp->set_num_inputs(5);
    mlp->add_hidden_units(8);
    mlp->set_num_classes(3);
    Recipe* recipe = setting_.mutable_recipe();
    recipe->set_learning_rate(.1);
    recipe->set_momentum(.9);
    recipe->set_epochs(5);
    recipe->set_batch_size(8);
    setting_.set_name("tiny");
    data_.train = Examples(kTrain, 1);
    data_.test = Examples(kTests, 2);
    data_.digest = "0123";
  }

  static std::string Folder() { return testing::TempDir() + "/removals"; }

  static Dataset Examples(int64_t n, uint64_t seed) {
    RandomStream stream(seed, "examples");
    Dataset examples{at::empty({n, 5}), at::empty({n}, at::kLong)};
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < 5; ++j) examples.inputs[i][j] = stream.Gaussian();
      examples.labels[i] = examples.inputs[i].slice(0, 0, 3).argmax();
    }
    return examples;
  }

  OutputsWithout Without(const std::vector<std::vector<int64_t>>& removed, int64_t trained) {
    RemovalTrainings trainings(setting_, data_, Folder(), 2);
    const absl::StatusOr<OutputsWithout> outputs = trainings.Without(removed, 2);
    EXPECT_TRUE(outputs.ok()) << outputs.status();
    EXPECT_EQ(trainings.num_trained(), trained);
    return *outputs;
  }

  Setting setting_;
  DatasetSplit data_;
};

TEST_F(RemovalTrainingsTest, AreTrainingsOnTheOtherExamples) {
  const OutputsWithout outputs = Without({{}, {0, 7, 39}}, 4);
  ASSERT_EQ(outputs.margin.sizes(), (std::vector<int64_t>{2, 2, kTests}));
  EXPECT_GT(outputs.cpu_seconds, 0);
  const auto model = *MakeModel(setting_.model());
  std::vector<int64_t> kept(kTrain - 3);
  std::iota(kept.begin(), kept.end(), 0);
  kept[0] = 37;
  kept[7] = 38;
  for (const uint64_t repetition : {0, 1}) {
    const uint64_t seed = RandomStream(1, "removal seed", {repetition}).Next64();
    const Parameters parameters = *Train(*model, data_.train, kept, setting_.recipe(), seed);
    const at::Tensor logits = EvaluateLogits(*model, parameters, data_.test.inputs);
    const auto row = static_cast<int64_t>(repetition);
    EXPECT_TRUE(at::equal(OutputsOfLogits(logits, data_.test.labels).margin.to(at::kFloat),
                          outputs.margin[1][row]));
    EXPECT_TRUE(at::equal(logits.argmax(1).eq(data_.test.labels), outputs.correct[1][row]));
  }
}

TEST_F(RemovalTrainingsTest, AreMadeOnce) {
  const OutputsWithout first = Without({{1}, {2, 3}}, 4);
  const OutputsWithout again = Without({{2, 3}, {4}, {1}}, 2);
  EXPECT_TRUE(at::equal(again.margin[0], first.margin[1]));
  EXPECT_TRUE(at::equal(again.correct[2], first.correct[0]));
  setting_.mutable_recipe()->set_epochs(6);
  Without({{1}}, 2);
  data_.digest = "4567";
  Without({{1}}, 2);
}

TEST_F(RemovalTrainingsTest, ADamagedFileIsMadeAgain) {
  const OutputsWithout first = Without({{5}}, 2);
  for (const auto& file : std::filesystem::directory_iterator(Folder())) {
    ASSERT_TRUE(WriteWholeFile(file.path().string(), "x").ok());
  }
  EXPECT_TRUE(at::equal(Without({{5}}, 2).margin, first.margin));
}

TEST_F(RemovalTrainingsTest, WhatIsTrainedBeforeAFailureStays) {
  RemovalTrainings trainings(setting_, data_, "/proc/nowhere", 1);
  EXPECT_FALSE(trainings.Without({{1}}, 1).ok());
  std::vector<int64_t> all(kTrain);
  std::iota(all.begin(), all.end(), 0);
  RemovalTrainings here(setting_, data_, Folder(), 1);
  EXPECT_EQ(here.Without({{1}, all}, 1).status().code(), absl::StatusCode::kInvalidArgument);
  Without({{1}}, 1);
}

}  // namespace
}  // namespace attribench
