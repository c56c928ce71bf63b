// SPDX-License-Identifier: Apache-2.0
//
// The committed zoos of glyphs_loo and glyphs_noisy.
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

class GlyphsVariantsTest : public testing::TestWithParam<const char*> {
 protected:
  Setting setting_ = *LoadSetting(GetParam());
  DatasetSplit data_ = *LoadDataset(setting_, "external");
  Zoo zoo_ = *Zoo::Open(std::string("datasets/zoo/") + GetParam(), setting_);
};

INSTANTIATE_TEST_SUITE_P(Settings, GlyphsVariantsTest,
                         testing::Values("glyphs_loo", "glyphs_noisy"));

TEST_P(GlyphsVariantsTest, TheZooIsCompleteAndItsModelsAreAccurate) {
  ASSERT_TRUE(zoo_.CheckData(data_).ok()) << zoo_.CheckData(data_);
  ASSERT_TRUE(zoo_.Verify().ok()) << zoo_.Verify();
  const auto model = *MakeModel(setting_.model());
  EXPECT_GT(Accuracy(*model, *zoo_.FullDataCheckpoint(0), data_.test), 0.75);
  EXPECT_GT(Accuracy(*model, *zoo_.HalfDataCheckpoint(9), data_.test), 0.7);
}

TEST_P(GlyphsVariantsTest, RetrainingASubsetReproducesTheCommittedGroundTruth) {
  ExpectTrainingReproducesGroundTruth(setting_, data_, zoo_, "subset_042_seed_2");
}

}  // namespace
}  // namespace attribench
