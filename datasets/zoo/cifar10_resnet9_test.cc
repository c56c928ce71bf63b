// SPDX-License-Identifier: Apache-2.0
//
// The committed zoo of cifar10_resnet9, with real CIFAR-10.
#include "datasets/dataset.h"
#include "datasets/models/model_factory.h"
#include "datasets/settings/setting.h"
#include "datasets/zoo/reproduced_training.h"
#include "datasets/zoo/trainer.h"
#include "datasets/zoo/zoo.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

class Cifar10ResNet9Test : public testing::Test {
 protected:
  Setting setting_ = *LoadSetting("cifar10_resnet9");
  DatasetSplit data_ = *LoadDataset(setting_, "external");
  Zoo zoo_ = *Zoo::Open("datasets/zoo/cifar10_resnet9", setting_);
};

TEST_F(Cifar10ResNet9Test, TheZooIsCompleteAndItsModelsAreAccurate) {
  ASSERT_TRUE(zoo_.Verify().ok()) << zoo_.Verify();
  const auto model = *MakeModel(setting_.model());
  EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(0), data_.train), 0.93);
  for (int64_t i = 0; i < 10; ++i) {
    EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(i), data_.test), 0.57) << i;
    EXPECT_GT(Accuracy(*model, *zoo_.HalfDataCheckpoint(i), data_.test), 0.47) << i;
  }
}

TEST_F(Cifar10ResNet9Test, RetrainingASubsetReproducesTheCommittedGroundTruth) {
  ExpectTrainingReproducesGroundTruth(setting_, data_, zoo_, "subset_042_seed_1");
}

}  // namespace
}  // namespace attribench
