// SPDX-License-Identifier: Apache-2.0
//
// Real MNIST: the files, and the committed zoo of mnist_mlp.
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

class MnistTest : public testing::Test {
 protected:
  Setting setting_ = *LoadSetting("mnist_mlp");
  DatasetSplit data_ = *LoadDataset(setting_, "external");
  Zoo zoo_ = *Zoo::Open("datasets/zoo/mnist_mlp", setting_);
};

// The first labels of both files are well known.
TEST_F(MnistTest, TheFirstExamplesAreTheOfficialOnes) {
  EXPECT_TRUE(at::equal(data_.train.labels.slice(0, 0, 10),
                        at::tensor({5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, at::kLong)));
  EXPECT_TRUE(at::equal(data_.test.labels.slice(0, 0, 10),
                        at::tensor({7, 2, 1, 0, 4, 1, 4, 9, 5, 9}, at::kLong)));
  EXPECT_EQ(data_.train.size(), 5000);
  EXPECT_EQ(data_.test.size(), 500);
  EXPECT_NEAR(data_.train.inputs.min().item<double>(), -0.1307 / 0.3081, 1e-6);
  EXPECT_NEAR(data_.train.inputs.max().item<double>(), (1 - 0.1307) / 0.3081, 1e-6);
}

TEST_F(MnistTest, TheZooIsCompleteAndItsModelsAreAccurate) {
  ASSERT_TRUE(zoo_.Verify().ok()) << zoo_.Verify();
  const auto model = *MakeModel(setting_.model());
  EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(0), data_.test), 0.93);
  EXPECT_GT(Accuracy(*model, *zoo_.HalfDataCheckpoint(9), data_.test), 0.90);
}

TEST_F(MnistTest, RetrainingASubsetReproducesTheCommittedGroundTruth) {
  ExpectTrainingReproducesGroundTruth(setting_, data_, zoo_, "subset_042_seed_3");
}

}  // namespace
}  // namespace attribench
