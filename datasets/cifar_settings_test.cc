// SPDX-License-Identifier: Apache-2.0
//
// The examples of the settings with real CIFAR-10, compared with counts that another program took
// from the official files.
#include "ATen/ATen.h"
#include "datasets/dataset.h"
#include "datasets/settings/setting.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// The sum of the bytes of normalised images, where x = (byte / 255 - 0.5) / 0.5.
double SumOfBytes(const at::Tensor& inputs) {
  return inputs.to(at::kDouble).mul(0.5).add(0.5).mul(255).sum().item<double>();
}

TEST(CifarSettingsTest, TenClassesAtTheHeadOfTheFiles) {
  const DatasetSplit data = *LoadDataset(*LoadSetting("cifar10_resnet9"), "external");
  EXPECT_EQ(data.train.inputs.sizes(), (std::vector<int64_t>{5000, 3, 32, 32}));
  EXPECT_EQ(data.test.inputs.sizes(), (std::vector<int64_t>{500, 3, 32, 32}));
  EXPECT_TRUE(
      data.test.labels.slice(0, 0, 8).equal(at::tensor({3, 8, 8, 0, 6, 6, 1, 6}, at::kLong)));
  EXPECT_TRUE(
      at::bincount(data.train.labels)
          .equal(at::tensor({505, 460, 519, 486, 519, 488, 519, 486, 520, 498}, at::kLong)));
  // Each of 1,536,000 numbers has a float32 rounding error of at most 2^-25, times 255 / 2.
  EXPECT_NEAR(SumOfBytes(data.test.inputs), 189685566, 1536000 * 0x1p-25 * 255 / 2);
}

TEST(CifarSettingsTest, OtherImagesOfTheSameFiles) {
  const DatasetSplit data = *LoadDataset(*LoadSetting("cifar10_cnn"), "external");
  EXPECT_EQ(data.train.size(), 5000);
  EXPECT_EQ(data.test.size(), 500);
  EXPECT_TRUE(
      data.train.labels.slice(0, 0, 8).equal(at::tensor({1, 6, 6, 8, 8, 3, 4, 6}, at::kLong)));
  EXPECT_TRUE(
      data.test.labels.slice(0, 0, 8).equal(at::tensor({5, 0, 8, 4, 8, 1, 1, 8}, at::kLong)));
  EXPECT_TRUE(
      at::bincount(data.train.labels)
          .equal(at::tensor({497, 510, 511, 494, 508, 489, 503, 513, 497, 478}, at::kLong)));
  EXPECT_NEAR(SumOfBytes(data.test.inputs), 191732537, 1536000 * 0x1p-25 * 255 / 2);
}

TEST(CifarSettingsTest, CatsAndDogsInTheOrderOfTheFiles) {
  const DatasetSplit data = *LoadDataset(*LoadSetting("cifar2_resnet9"), "external");
  EXPECT_EQ(data.train.size(), 5000);
  EXPECT_EQ(data.test.size(), 500);
  EXPECT_TRUE(
      data.test.labels.slice(0, 0, 8).equal(at::tensor({0, 0, 1, 1, 1, 1, 1, 1}, at::kLong)));
  EXPECT_TRUE(at::bincount(data.train.labels).equal(at::tensor({2558, 2442}, at::kLong)));
  EXPECT_TRUE(at::bincount(data.test.labels).equal(at::tensor({251, 249}, at::kLong)));
  EXPECT_NEAR(SumOfBytes(data.test.inputs), 182446520, 1536000 * 0x1p-25 * 255 / 2);
}

}  // namespace
}  // namespace attribench
