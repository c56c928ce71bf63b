// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/imported_zoo.h"

#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "datasets/formats/safetensors.h"
#include "datasets/settings/setting.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr int64_t kSubsets = 6, kSeeds = 2, kTrain = 10, kTest = 4;

Setting Mine() {
  Setting setting;
  setting.set_name("mine");
  setting.set_imported(true);
  setting.mutable_dataset()->set_name("My data");
  setting.mutable_dataset()->set_num_train(kTrain);
  setting.mutable_dataset()->set_num_test(kTest);
  setting.mutable_subset_plan()->set_num_subsets(kSubsets);
  setting.mutable_subset_plan()->set_num_seeds(kSeeds);
  return setting;
}

class ImportedZooTest : public testing::Test {
 protected:
  ImportedZooTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    at::manual_seed(3);
    numbers_ = at::stack([] {
      std::vector<at::Tensor> rows;
      for (int64_t i = 0; i < kSubsets; ++i) rows.push_back(at::randperm(kTrain).slice(0, 0, 5));
      return rows;
    }());
    members_ = at::zeros({kSubsets, kTrain}, at::kBool).scatter_(1, numbers_, true);
    outputs_ = at::randn({kSubsets, kSeeds, kTest});
  }

  std::string Written(const std::string& name, const at::Tensor& tensor) {
    const std::string path = absl::StrCat(folder_, "/", name);
    EXPECT_TRUE(WriteSafetensors(path, {{{"anything", tensor}}, {}}).ok());
    return path;
  }

  ImportedFiles Files() {
    ImportedFiles files;
    files.subsets = Written("subsets", members_);
    files.outputs = Written("outputs", outputs_);
    return files;
  }

  ImportedFiles GlyphFiles();

  std::string Fault(const ImportedFiles& files) {
    return std::string(ImportGroundTruth(Mine(), files).status().message());
  }

  const std::string folder_ = testing::TempDir() + "/imported";
  const std::string zoo_ = folder_ + "/zoo";
  at::Tensor numbers_, members_, outputs_;
};

TEST_F(ImportedZooTest, TheZooHoldsWhatWasImported) {
  ImportedFiles files = Files();
  files.margins = Written("margins", outputs_.mul(2).to(at::kDouble));
  files.training.set_cpu_seconds(7);
  ASSERT_TRUE(ValidateSetting(Mine()).ok()) << ValidateSetting(Mine());
  const absl::Status status = ImportZoo(Mine(), files, zoo_);
  ASSERT_TRUE(status.ok()) << status;
  const absl::StatusOr<Zoo> zoo = Zoo::Open(zoo_, Mine());
  ASSERT_TRUE(zoo.ok()) << zoo.status();
  EXPECT_TRUE(zoo->Verify().ok()) << zoo->Verify();
  const GroundTruth truth = *zoo->ReadGroundTruth();
  EXPECT_TRUE(at::equal(truth.subsets, members_));
  EXPECT_TRUE(at::equal(truth.negative_loss, outputs_));
  EXPECT_TRUE(at::equal(truth.margin, outputs_.mul(2)));
  EXPECT_EQ(zoo->manifest().subset_training().cpu_seconds(), 7);
  EXPECT_EQ(zoo->manifest().environment().cpu_model(), "not stated");
  EXPECT_EQ(ImportZoo(Mine(), files, zoo_).code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(ImportedZooTest, NumbersOfExamplesAreSubsetsToo) {
  for (const at::ScalarType type : {at::kLong, at::kInt}) {
    ImportedFiles files = Files();
    files.subsets = Written("numbers", numbers_.to(type));
    const absl::StatusOr<GroundTruth> truth = ImportGroundTruth(Mine(), files);
    ASSERT_TRUE(truth.ok()) << truth.status();
    EXPECT_TRUE(at::equal(truth->subsets, members_));
    EXPECT_FALSE(truth->margin.defined());
  }
}

TEST_F(ImportedZooTest, OneSeedNeedsNoDimension) {
  Setting setting = Mine();
  setting.mutable_subset_plan()->set_num_seeds(1);
  ImportedFiles files = Files();
  files.outputs = Written("outputs", outputs_.select(1, 0).contiguous());
  const absl::StatusOr<GroundTruth> truth = ImportGroundTruth(setting, files);
  ASSERT_TRUE(truth.ok()) << truth.status();
  EXPECT_TRUE(at::equal(truth->negative_loss, outputs_.slice(1, 0, 1)));
}

constexpr char kGlyphs[] = "datasets/zoo/glyphs_mlp/";

// glyphs_mlp as a stranger would import it.
Setting ImportedGlyphs() {
  Setting setting = *LoadSetting("glyphs_mlp");
  setting.set_imported(true);
  setting.clear_recipe();
  setting.clear_subset_plan();
  setting.clear_checkpoints();
  setting.mutable_subset_plan()->set_num_subsets(64);
  setting.mutable_subset_plan()->set_num_seeds(3);
  return setting;
}

ImportedFiles ImportedZooTest::GlyphFiles() {
  ImportedFiles files;
  files.subsets = std::string(kGlyphs) + "ground_truth.safetensors";
  // The names of its tensors are subsets, negative_loss, margin: the outputs need a file.
  const Safetensors truth = *ReadSafetensors(files.subsets);
  files.outputs = Written("outputs", truth.tensors.at("negative_loss"));
  return files;
}

TEST_F(ImportedZooTest, HalfDataCheckpointsHaveTheirExamples) {
  Setting setting = ImportedGlyphs();
  setting.mutable_checkpoints()->set_num_half_data(2);
  ASSERT_TRUE(ValidateSetting(setting).ok()) << ValidateSetting(setting);
  const Zoo original = *Zoo::Open(kGlyphs, *LoadSetting("glyphs_mlp"));
  ImportedFiles files = GlyphFiles();
  const std::string checkpoints = std::string(kGlyphs) + "checkpoints/";
  files.half_data_checkpoints = {checkpoints + "half_03.safetensors"};
  files.half_data_subsets =
      Written("halves", at::stack({*original.HalfDataExamples(3), *original.HalfDataExamples(7)}));
  EXPECT_EQ(ImportZoo(setting, files, zoo_).message(),
            "there are 1 checkpoints; checkpoints.num_half_data of setting glyphs_mlp is 2");
  files.half_data_checkpoints.push_back(checkpoints + "half_07.safetensors");
  const std::string halves = files.half_data_subsets;
  files.half_data_subsets = files.subsets;
  EXPECT_TRUE(absl::StrContains(ImportZoo(setting, files, zoo_).message(),
                                "subsets are [64, 1000] of Bool, must be [2 subsets, 1000 train]"));
  EXPECT_FALSE(std::filesystem::exists(zoo_)) << "nothing was written";
  files.half_data_subsets = halves;
  const absl::Status status = ImportZoo(setting, files, zoo_);
  ASSERT_TRUE(status.ok()) << status;
  const Zoo zoo = *Zoo::Open(zoo_, setting);
  EXPECT_TRUE(zoo.Verify().ok()) << zoo.Verify();
  for (const auto& [mine, theirs] : {std::pair(0, 3), std::pair(1, 7)}) {
    EXPECT_TRUE(at::equal(*zoo.HalfDataExamples(mine), *original.HalfDataExamples(theirs)));
    EXPECT_TRUE(at::equal(zoo.HalfDataCheckpoint(mine)->at(0).value,
                          original.HalfDataCheckpoint(theirs)->at(0).value));
  }
  EXPECT_EQ(zoo.HalfDataExamples(2).status().code(), absl::StatusCode::kOutOfRange);
  std::filesystem::remove(zoo_ + "/half_data_examples.safetensors");
  EXPECT_FALSE(zoo.Verify().ok());
}

TEST_F(ImportedZooTest, ACheckpointNeedsTheModel) {
  Setting setting = ImportedGlyphs();
  setting.mutable_checkpoints()->set_num_full_data(2);
  ASSERT_TRUE(ValidateSetting(setting).ok()) << ValidateSetting(setting);
  const std::string own = kGlyphs;
  ImportedFiles files = GlyphFiles();
  files.checkpoints = {own + "checkpoints/full_01.safetensors"};
  EXPECT_EQ(ImportZoo(setting, files, zoo_).message(),
            "there are 1 checkpoints; checkpoints.num_full_data of setting glyphs_mlp is 2");
  files.checkpoints.push_back(own + "checkpoints/full_00.safetensors");
  const absl::Status status = ImportZoo(setting, files, zoo_);
  ASSERT_TRUE(status.ok()) << status;
  const Zoo zoo = *Zoo::Open(zoo_, setting);
  EXPECT_TRUE(zoo.Verify().ok()) << zoo.Verify();
  const Zoo original = *Zoo::Open(own, *LoadSetting("glyphs_mlp"));
  EXPECT_TRUE(at::equal(zoo.FullDataCheckpoint(0)->at(0).value,
                        original.FullDataCheckpoint(1)->at(0).value));
  EXPECT_TRUE(at::equal(zoo.ReadGroundTruth()->subsets, original.ReadGroundTruth()->subsets));

  std::filesystem::remove_all(zoo_);
  files.checkpoints[1] = files.outputs;
  EXPECT_TRUE(absl::StrContains(ImportZoo(setting, files, zoo_).message(),
                                "parameter fc1.bias is missing; the file has anything"));
  EXPECT_FALSE(std::filesystem::exists(zoo_)) << "nothing was written";
}

TEST_F(ImportedZooTest, SaysWhatIsWrong) {
  const auto subsets = [&](const at::Tensor& tensor) {
    ImportedFiles files = Files();
    files.subsets = Written("subsets", tensor);
    return Fault(files);
  };
  const auto outputs = [&](const at::Tensor& tensor) {
    ImportedFiles files = Files();
    files.outputs = Written("outputs", tensor);
    return Fault(files);
  };
  const std::string at_subsets = folder_ + "/subsets: ", at_outputs = folder_ + "/outputs: ";
  EXPECT_EQ(subsets(members_.t().contiguous()),
            at_subsets +
                "subsets are [10, 6] of Bool, the transpose of [6 subsets, 10 train] of "
                "BOOL, or numbers of examples [6 subsets, size] of I64");
  EXPECT_EQ(subsets(members_.slice(1, 1).contiguous()),
            at_subsets +
                "subsets are [6, 9] of Bool, must be [6 subsets, 10 train] of BOOL, or "
                "numbers of examples [6 subsets, size] of I64");
  EXPECT_TRUE(absl::StrContains(subsets(members_.to(at::kFloat)), "of Float, must be"));
  at::Tensor bad = members_.clone();
  bad[3].fill_(true);
  EXPECT_EQ(subsets(bad), at_subsets +
                              "subset 3 has 10 of the 10 training examples, must have "
                              "from 1 to 9");
  bad[3].fill_(false);
  EXPECT_TRUE(absl::StrContains(subsets(bad), "subset 3 has 0 of the 10"));
  bad = numbers_.clone();
  bad[2][1] = 10;
  EXPECT_EQ(subsets(bad), at_subsets + "subset 2 has the example 10, must be from 0 to 9");
  bad[2][1] = bad[2][4];
  EXPECT_EQ(subsets(bad), absl::StrCat(at_subsets, "subset 2 has the example ",
                                       bad[2][4].item<int64_t>(), " twice"));
  EXPECT_EQ(outputs(outputs_.transpose(0, 2).contiguous()),
            at_outputs +
                "outputs are [4, 2, 6] of Float, the transpose of [6 subsets, 2 seeds, 4 "
                "test] of F32");
  EXPECT_EQ(
      outputs(outputs_.select(1, 0).contiguous()),
      at_outputs + "outputs are [6, 4] of Float, must be [6 subsets, 2 seeds, 4 test] of F32");
  bad = outputs_.clone();
  bad[5][1][2] = std::nan("");
  EXPECT_EQ(outputs(bad), at_outputs +
                              "outputs are not finite for subset 5, seed 1, test example "
                              "2 (1 of 48)");
  Setting trained = Mine();
  trained.set_imported(false);
  EXPECT_EQ(ImportZoo(trained, Files(), zoo_).message(),
            "setting mine does not say imported: true");
}

}  // namespace
}  // namespace attribench
