// SPDX-License-Identifier: Apache-2.0
#include "datasets/dataset.h"

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/settings/setting.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(DatasetTest, GlyphsAreNormalised) {
  const Setting setting = *LoadSetting("glyphs_mlp");
  const absl::StatusOr<DatasetSplit> split = LoadDataset(setting, "/no/such/folder");
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(split->train.inputs.sizes(), (std::vector<int64_t>{1000, 1, 28, 28}));
  EXPECT_EQ(split->test.inputs.sizes(), (std::vector<int64_t>{200, 1, 28, 28}));
  EXPECT_EQ(split->train.labels.scalar_type(), at::kLong);
  // The setting rounds mean and deviation to four digits: an error of .00005, divided by .2582.
  EXPECT_NEAR(split->train.inputs.mean().item<double>(), 0, 0.0003);
  EXPECT_NEAR(split->train.inputs.std().item<double>(), 1, 0.0003);
}

TEST(DatasetTest, MissingFileSaysWhichAndHowToGetIt) {
  const Setting setting = *LoadSetting("mnist_mlp");
  const absl::Status status = LoadDataset(setting, "/no/such/folder").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  for (const char* part :
       {"/no/such/folder/mnist/train-images-idx3-ubyte.gz", "https://", "ATTRIBENCH_DATA_MIRROR"}) {
    EXPECT_TRUE(absl::StrContains(std::string(status.message()), part)) << status;
  }
}

TEST(DatasetTest, ModelMustTakeTheImages) {
  Setting setting = *LoadSetting("glyphs_mlp");
  setting.mutable_model()->mutable_mlp()->set_num_inputs(783);
  absl::Status status = LoadDataset(setting, "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      status.message(),
      "setting glyphs_mlp: model.mlp.num_inputs is 783, but the train images are 1 x 28 x 28: "
      "it must be 784");
  setting.mutable_model()->mutable_mlp()->set_num_inputs(784);
  setting.mutable_model()->mutable_mlp()->set_num_classes(9);
  status = LoadDataset(setting, "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "setting glyphs_mlp: model.mlp.num_classes is 9, but the train labels go up to 9: it "
            "must be at least 10");
}

}  // namespace
}  // namespace attribench
