// SPDX-License-Identifier: Apache-2.0
//
// The committed zoo of cifar10_cnn, with real CIFAR-10.
#include "datasets/dataset.h"
#include "datasets/models/model_factory.h"
#include "datasets/settings/setting.h"
#include "datasets/zoo/reproduced_training.h"
#include "datasets/zoo/trainer.h"
#include "datasets/zoo/zoo.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

class Cifar10CnnTest : public testing::Test {
 protected:
  Setting setting_ = *LoadSetting("cifar10_cnn");
  DatasetSplit data_ = *LoadDataset(setting_, "external");
  Zoo zoo_ = *Zoo::Open("datasets/zoo/cifar10_cnn", setting_);
};

TEST_F(Cifar10CnnTest, TheZooIsCompleteAndItsModelsAreAccurate) {
  ASSERT_TRUE(zoo_.Verify().ok()) << zoo_.Verify();
  const auto model = *MakeModel(setting_.model());
  for (int64_t i = 0; i < 10; ++i) {
    EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(i), data_.train), 0.73) << i;
    EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(i), data_.test), 0.47) << i;
    EXPECT_GT(Accuracy(*model, *zoo_.HalfDataCheckpoint(i), data_.test), 0.41) << i;
  }
}

TEST_F(Cifar10CnnTest, RetrainingASubsetReproducesTheCommittedGroundTruth) {
  ExpectTrainingReproducesGroundTruth(setting_, data_, zoo_, "subset_042_seed_2");
}

}  // namespace
}  // namespace attribench
