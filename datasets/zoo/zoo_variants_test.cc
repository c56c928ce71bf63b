// SPDX-License-Identifier: Apache-2.0
//
// The committed zoos of settings that leave one example out or have wrong labels. Each test target
// runs the instances whose data it has.
#include <string>

#include "datasets/dataset.h"
#include "datasets/models/model_factory.h"
#include "datasets/settings/setting.h"
#include "datasets/zoo/reproduced_training.h"
#include "datasets/zoo/trainer.h"
#include "datasets/zoo/zoo.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

struct Variant {
  const char* setting;
  double accuracy, accuracy_of_half;  // at least, on the test examples
};

class ZooVariantsTest : public testing::TestWithParam<Variant> {
 protected:
  Setting setting_ = *LoadSetting(GetParam().setting);
  DatasetSplit data_ = *LoadDataset(setting_, "external");
  Zoo zoo_ = *Zoo::Open(std::string("datasets/zoo/") + GetParam().setting, setting_);
};

INSTANTIATE_TEST_SUITE_P(Glyphs, ZooVariantsTest,
                         testing::Values(Variant{"glyphs_loo", 0.75, 0.7},
                                         Variant{"glyphs_noisy", 0.75, 0.7}));
INSTANTIATE_TEST_SUITE_P(Mnist, ZooVariantsTest,
                         testing::Values(Variant{"mnist_lr_loo", 0.85, 0.8},
                                         Variant{"mnist_lr_noisy", 0.85, 0.8},
                                         Variant{"mnist_mlp_noisy", 0.8, 0.7}));

TEST_P(ZooVariantsTest, TheZooIsCompleteAndItsModelsAreAccurate) {
  ASSERT_TRUE(zoo_.CheckData(data_).ok()) << zoo_.CheckData(data_);
  ASSERT_TRUE(zoo_.Verify().ok()) << zoo_.Verify();
  const auto model = *MakeModel(setting_.model());
  EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(0), data_.test), GetParam().accuracy);
  EXPECT_GT(Accuracy(*model, *zoo_.HalfDataCheckpoint(1), data_.test), GetParam().accuracy_of_half);
}

TEST_P(ZooVariantsTest, RetrainingASubsetReproducesTheCommittedGroundTruth) {
  ExpectTrainingReproducesGroundTruth(setting_, data_, zoo_, "subset_042_seed_1");
}

}  // namespace
}  // namespace attribench
