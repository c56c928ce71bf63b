// SPDX-License-Identifier: Apache-2.0
//
// The committed zoo of cifar2_resnet9, with real CIFAR-10. No training is repeated here, since it
// takes ten minutes on one core; verify_zoo repeats trainings.
#include "datasets/dataset.h"
#include "datasets/models/model_factory.h"
#include "datasets/settings/setting.h"
#include "datasets/zoo/trainer.h"
#include "datasets/zoo/zoo.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

class Cifar2ResNet9Test : public testing::Test {
 protected:
  Setting setting_ = *LoadSetting("cifar2_resnet9");
  DatasetSplit data_ = *LoadDataset(setting_, "external");
  Zoo zoo_ = *Zoo::Open("datasets/zoo/cifar2_resnet9", setting_);
};

TEST_F(Cifar2ResNet9Test, TheZooIsCompleteAndItsModelsAreAccurate) {
  ASSERT_TRUE(zoo_.Verify().ok()) << zoo_.Verify();
  const auto model = *MakeModel(setting_.model());
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(i), data_.test), 0.62) << i;
    EXPECT_GT(Accuracy(*model, *zoo_.HalfDataCheckpoint(i), data_.test), 0.56) << i;
  }
}

}  // namespace
}  // namespace attribench
