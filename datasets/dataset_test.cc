// SPDX-License-Identifier: Apache-2.0
#include "datasets/dataset.h"

#include <cmath>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/settings/setting.h"
#include "datasets/whole_file.h"
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

// A setting with two training images and two test images of 2 x 1 pixels, in files.
class SmallIdxTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("train-images", std::string("\0\0\x08\x03\0\0\0\2\0\0\0\1\0\0\0\2", 16) +
                              std::string("\x00\x33\x66\xff", 4));
    Write("train-labels", std::string("\0\0\x08\x01\0\0\0\2", 8) + "\1\2");
    Write("test-images", std::string("\0\0\x08\x03\0\0\0\2\0\0\0\1\0\0\0\2", 16) + "abcd");
    Write("test-labels", std::string("\0\0\x08\x01\0\0\0\2", 8) + "\2\1");
    setting_ = *LoadSetting("mnist_lr");
    setting_.set_name("small");
    DatasetSource& source = *setting_.mutable_dataset();
    source.clear_data_digest();
    source.set_num_train(2);
    source.set_num_test(2);
    source.set_mean(0, 0.5);
    source.set_standard_deviation(0, 0.25);
    IdxSource& idx = *source.mutable_idx();
    idx.set_folder("small");
    idx.set_train_images("train-images");
    idx.set_train_labels("train-labels");
    idx.set_test_images("test-images");
    idx.set_test_labels("test-labels");
    setting_.mutable_model()->mutable_mlp()->set_num_inputs(2);
    setting_.mutable_model()->mutable_mlp()->set_num_classes(3);
  }

  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(WriteWholeFile(testing::TempDir() + "/small/" + name, bytes).ok());
  }

  absl::StatusOr<DatasetSplit> Load() { return LoadDataset(setting_, testing::TempDir()); }

  Setting setting_;
};

TEST_F(SmallIdxTest, InputsAndRows) {
  const absl::StatusOr<DatasetSplit> data = Load();
  ASSERT_TRUE(data.ok()) << data.status();
  // (pixel / 255 - 0.5) / 0.25
  const at::Tensor expected = at::tensor({-2.0f, -1.2f, -0.4f, 2.0f}).view({2, 1, 1, 2});
  EXPECT_TRUE(data->train.inputs.allclose(expected, 1e-6, 1e-6)) << data->train.inputs;
  EXPECT_TRUE(data->train.labels.equal(at::tensor({1, 2}, at::kLong)));
  const Dataset rows = data->train.Rows(at::tensor({1, 0, 1}, at::kLong));
  EXPECT_TRUE(rows.labels.equal(at::tensor({2, 1, 2}, at::kLong)));
  EXPECT_TRUE(rows.inputs[0].equal(data->train.inputs[1]));
  EXPECT_TRUE(rows.inputs[1].equal(data->train.inputs[0]));
}

// As datasets/zoo/manifest.proto defines it.
TEST_F(SmallIdxTest, TheDigestIsThatOfPixelsAndLabels) {
  const std::string digest =
      Sha256(std::string("\x00\x33\x66\xff\1\2", 6) + "abcd" + std::string("\2\1", 2));
  EXPECT_EQ(Load()->digest, digest);
  setting_.mutable_dataset()->set_mean(0, 0.4);  // not a matter of the data
  EXPECT_EQ(Load()->digest, digest);
  setting_.mutable_dataset()->set_data_digest(digest);
  EXPECT_TRUE(Load().ok()) << Load().status();
  Write("test-images", std::string("\0\0\x08\x03\0\0\0\2\0\0\0\1\0\0\0\2", 16) + "abce");
  const absl::Status status = Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  const std::string other =
      Sha256(std::string("\x00\x33\x66\xff\1\2", 6) + "abce" + std::string("\2\1", 2));
  for (const std::string& part : {testing::TempDir() + "/small", digest, other}) {
    EXPECT_TRUE(absl::StrContains(std::string(status.message()), part)) << status;
  }
}

TEST_F(SmallIdxTest, LabelsMayStartAtOne) {
  setting_.mutable_model()->mutable_mlp()->set_num_classes(2);
  EXPECT_TRUE(absl::StrContains(std::string(Load().status().message()),
                                "the train labels go up to 2: it must be at least 3, or set "
                                "dataset.idx.first_label"))
      << Load().status();
  setting_.mutable_dataset()->mutable_idx()->set_first_label(1);
  const absl::StatusOr<DatasetSplit> data = Load();
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_TRUE(data->train.labels.equal(at::tensor({0, 1}, at::kLong)));
  setting_.mutable_dataset()->mutable_idx()->set_first_label(2);
  const absl::Status status = Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()),
                                "train-labels: example 0 has label 1, must be at least 2"))
      << status;
}

TEST_F(SmallIdxTest, ExamplesStartWhereTheSettingSays) {
  const DatasetSplit all = *Load();
  setting_.mutable_dataset()->set_num_train(1);
  setting_.mutable_dataset()->set_first_train(1);
  setting_.mutable_dataset()->set_num_test(1);
  const DatasetSplit last = *Load();
  EXPECT_TRUE(last.train.inputs.equal(all.train.inputs.slice(0, 1)));
  EXPECT_TRUE(last.train.labels.equal(all.train.labels.slice(0, 1)));
  EXPECT_TRUE(last.test.labels.equal(all.test.labels.slice(0, 0, 1)));
  EXPECT_EQ(last.digest, Sha256(std::string("\x66\xff\2", 3) + "ab" + std::string("\2", 1)));
  setting_.mutable_dataset()->set_first_test(1);
  EXPECT_TRUE(Load()->test.inputs.equal(all.test.inputs.slice(0, 1)));
  // A fault is named by its place in the file.
  setting_.mutable_dataset()->mutable_idx()->set_first_label(3);
  EXPECT_TRUE(absl::StrContains(std::string(Load().status().message()),
                                "train-labels: example 1 has label 2, must be at least 3"))
      << Load().status();
  setting_.mutable_dataset()->set_first_test(2);
  setting_.mutable_dataset()->mutable_idx()->set_first_label(0);
  const absl::Status status = Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()),
                                "test-images: 2 examples, must be at least 3 (1 from number 2 on)"))
      << status;
}

TEST_F(SmallIdxTest, AMeanPerChannelNeedsAsManyChannels) {
  setting_.mutable_dataset()->add_mean(0.5);
  const absl::Status status = Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      status.message(),
      "setting small: dataset.mean has 2 values, but the images have 1 channels: it must have "
      "1 value, or one per channel");
}

// One CIFAR record a split: red 51, green 102, blue 255.
TEST(DatasetTest, MeanAndDeviationPerChannel) {
  const std::string record = std::string(1, '\0') + std::string(1024, '\x33') +
                             std::string(1024, '\x66') + std::string(1024, '\xff');
  ASSERT_TRUE(WriteWholeFile(testing::TempDir() + "/colours/data.bin", record).ok());
  Setting setting = *LoadSetting("cifar10_resnet9");
  DatasetSource& source = *setting.mutable_dataset();
  source.clear_data_digest();
  source.set_num_train(1);
  source.set_num_test(1);
  source.mutable_cifar()->set_folder("colours");
  source.mutable_cifar()->set_train_files(0, "data.bin");
  source.mutable_cifar()->set_test_files(0, "data.bin");
  const auto load = [&](const std::vector<double>& means, const std::vector<double>& deviations) {
    source.clear_mean();
    source.clear_standard_deviation();
    for (const double mean : means) source.add_mean(mean);
    for (const double deviation : deviations) source.add_standard_deviation(deviation);
    return LoadDataset(setting, testing::TempDir())->train.inputs[0];
  };
  const at::Tensor each = load({0.1, 0.2, 0.3}, {0.5, 0.25, 1});
  for (const auto& [channel, value] :
       {std::pair(0, (0.2 - 0.1) / 0.5), std::pair(1, (0.4 - 0.2) / 0.25), std::pair(2, 0.7)}) {
    EXPECT_NEAR(each[channel].min().item<double>(), value, 1e-6) << channel;
    EXPECT_NEAR(each[channel].max().item<double>(), value, 1e-6) << channel;
  }
  // One value for all channels is the same as that value for each, bit for bit.
  EXPECT_TRUE(load({0.1307}, {0.3081}).equal(load({0.1307, 0.1307, 0.1307}, {0.3081})));
  EXPECT_TRUE(load({}, {0.3081}).equal(load({0}, {0.3081})));
  const at::Tensor scalar = at::full({32, 32}, 51.0f).div(255).sub(0.1307).div(0.3081);
  EXPECT_TRUE(load({0.1307}, {0.3081})[0].equal(scalar));
}

// A fifth of 1,000 labels, to each of nine other classes with the same probability.
TEST(DatasetTest, LabelNoiseChangesThatManyTrainingLabels) {
  Setting setting = *LoadSetting("glyphs_mlp");
  const DatasetSplit clean = *LoadDataset(setting, "");
  LabelNoise& noise = *setting.mutable_dataset()->mutable_label_noise();
  noise.set_fraction(0.2);
  noise.set_seed(7);
  const DatasetSplit noisy = *LoadDataset(setting, "");
  EXPECT_TRUE(noisy.train.inputs.equal(clean.train.inputs));
  EXPECT_TRUE(noisy.test.inputs.equal(clean.test.inputs));
  EXPECT_TRUE(noisy.test.labels.equal(clean.test.labels));
  EXPECT_NE(noisy.digest, clean.digest);
  const at::Tensor wrong = noisy.train.labels.ne(clean.train.labels);
  EXPECT_EQ(wrong.sum().item<int64_t>(), 200);
  // The distance from the old class to the new one, around the ten classes, is uniform on 1,
  // ..., 9.
  const at::Tensor steps =
      noisy.train.labels.sub(clean.train.labels).add(10).remainder(10).masked_select(wrong);
  const at::Tensor counts = at::bincount(steps, {}, 10).slice(0, 1).to(at::kDouble);
  EXPECT_EQ(counts.size(0), 9);
  const double expected = 200. / 9;
  const double chi_squared = counts.sub(expected).square().div(expected).sum().item<double>();
  EXPECT_LT(chi_squared, 26.1);  // 8 degrees of freedom: exceeded once in 1,000
  // The examples are spread over the whole set: their mean number has this standard error.
  const double mean = at::nonzero(wrong).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(mean, 499.5, 4 * 1000 / std::sqrt(12. * 200));
  EXPECT_TRUE(LoadDataset(setting, "")->train.labels.equal(noisy.train.labels));
  noise.set_seed(8);
  EXPECT_FALSE(LoadDataset(setting, "")->train.labels.equal(noisy.train.labels));
  noise.set_fraction(0);
  EXPECT_EQ(LoadDataset(setting, "")->digest, clean.digest);
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
  CnnSpec& cnn = *setting.mutable_model()->mutable_cnn();
  const auto message = [&](int64_t channels, int64_t side, int64_t classes) {
    cnn.set_num_channels(channels);
    cnn.set_image_size(side);
    cnn.set_num_classes(classes);
    return std::string(LoadDataset(setting, "").status().message());
  };
  EXPECT_EQ(message(1, 28, 10), "");
  EXPECT_EQ(
      message(3, 28, 10),
      "setting glyphs_mlp: model.cnn.num_channels is 3, but the train images are 1 x 28 x 28: "
      "it must be 1");
  EXPECT_EQ(message(1, 32, 10),
            "setting glyphs_mlp: model.cnn.image_size is 32, but the train images are 1 x 28 x 28: "
            "it must be the height and the width");
  EXPECT_EQ(message(1, 28, 9),
            "setting glyphs_mlp: model.cnn.num_classes is 9, but the train labels go up to 9: it "
            "must be at least 10");
}

}  // namespace
}  // namespace attribench
