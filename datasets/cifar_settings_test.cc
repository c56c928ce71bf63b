// SPDX-License-Identifier: Apache-2.0
//
// Real CIFAR-10: the examples of its settings, against counts taken from the bytes of the official
// files by other means.
#include "ATen/ATen.h"
#include "datasets/dataset.h"
#include "datasets/settings/setting.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// The sum of all bytes of normalised images: x = (byte / 255 - 0.5) / 0.5.
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
  // Each of 1,536,000 numbers is off by a float32 rounding of at most 2^-25, times 255 / 2.
  EXPECT_NEAR(SumOfBytes(data.test.inputs), 189685566, 1536000 * 0x1p-25 * 255 / 2);
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
