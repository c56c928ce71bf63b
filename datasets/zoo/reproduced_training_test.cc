// SPDX-License-Identifier: Apache-2.0
//
// The check itself must fail if the data or the name are wrong. zoo_test has cases that pass.
#include "datasets/zoo/reproduced_training.h"

#include "datasets/settings/setting.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(ReproducedTrainingTest, UnknownNamesFail) {
  static const Setting setting = *LoadSetting("glyphs_mlp");
  static const Zoo zoo = *Zoo::Open("datasets/zoo/glyphs_mlp", setting);
  for (const char* name : {"subset_064_seed_0", "full_00", ""}) {
    static std::string job_name;
    job_name = name;
    EXPECT_NONFATAL_FAILURE(ExpectTrainingReproducesGroundTruth(setting, {}, zoo, job_name),
                            "has no training of a subset");
  }
}

TEST(ReproducedTrainingTest, OtherTestExamplesFail) {
  static const Setting setting = *LoadSetting("glyphs_mlp");
  static const Zoo zoo = *Zoo::Open("datasets/zoo/glyphs_mlp", setting);
  static DatasetSplit data = *LoadDataset(setting, "");
  data.test = {data.test.inputs.flip({0}), data.test.labels.flip({0})};
  EXPECT_NONFATAL_FAILURE(
      ExpectTrainingReproducesGroundTruth(setting, data, zoo, "subset_017_seed_0"),
      "subset_017_seed_0");
}

}  // namespace
}  // namespace attribench
