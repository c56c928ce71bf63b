// SPDX-License-Identifier: Apache-2.0
//
// Real MNIST with wrong labels: the examples, compared with what another program took from the
// official files and drew by the same generator, and the committed zoo of mnist_wide.
#include "ATen/ATen.h"
#include "datasets/dataset.h"
#include "datasets/models/model_factory.h"
#include "datasets/settings/setting.h"
#include "datasets/zoo/reproduced_training.h"
#include "datasets/zoo/trainer.h"
#include "datasets/zoo/zoo.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

class MnistWideTest : public testing::Test {
 protected:
  Setting setting_ = *LoadSetting("mnist_wide");
  DatasetSplit data_ = *LoadDataset(setting_, "external");
  Zoo zoo_ = *Zoo::Open("datasets/zoo/mnist_wide", setting_);
};

TEST_F(MnistWideTest, TheExamplesAreThoseOfTheFilesWithATenthOfTheLabelsWrong) {
  EXPECT_EQ(data_.train.size(), 5000);
  EXPECT_EQ(data_.test.size(), 500);
  EXPECT_TRUE(at::equal(data_.test.labels.slice(0, 0, 10),
                        at::tensor({9, 0, 2, 5, 1, 9, 7, 8, 1, 0}, at::kLong)));
  Setting clean_setting = setting_;
  clean_setting.mutable_dataset()->clear_label_noise();
  clean_setting.mutable_dataset()->clear_data_digest();
  const at::Tensor clean = LoadDataset(clean_setting, "external")->train.labels;
  EXPECT_TRUE(
      at::equal(clean.slice(0, 0, 10), at::tensor({3, 8, 7, 9, 9, 0, 1, 1, 5, 2}, at::kLong)));
  const at::Tensor wrong = at::nonzero(data_.train.labels.ne(clean)).flatten();
  EXPECT_EQ(wrong.size(0), 500);
  const at::Tensor first = wrong.slice(0, 0, 6);
  EXPECT_TRUE(at::equal(first, at::tensor({1, 5, 33, 59, 65, 67}, at::kLong)));
  EXPECT_TRUE(at::equal(data_.train.labels.index_select(0, first),
                        at::tensor({5, 1, 9, 1, 3, 3}, at::kLong)));
  EXPECT_TRUE(
      at::bincount(data_.train.labels)
          .equal(at::tensor({493, 558, 476, 521, 492, 467, 456, 519, 495, 523}, at::kLong)));
}

TEST_F(MnistWideTest, TheZooIsCompleteAndItsModelsAreAccurate) {
  ASSERT_TRUE(zoo_.Verify().ok()) << zoo_.Verify();
  const auto model = *MakeModel(setting_.model());
  for (int64_t i = 0; i < 10; ++i) {
    EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(i), data_.train), 0.97) << i;
    EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(i), data_.test), 0.85) << i;
    EXPECT_GT(Accuracy(*model, *zoo_.HalfDataCheckpoint(i), data_.test), 0.81) << i;
  }
}

TEST_F(MnistWideTest, RetrainingASubsetReproducesTheCommittedGroundTruth) {
  ExpectTrainingReproducesGroundTruth(setting_, data_, zoo_, "subset_042_seed_2");
}

}  // namespace
}  // namespace attribench
