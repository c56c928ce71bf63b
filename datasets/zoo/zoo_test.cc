// SPDX-License-Identifier: Apache-2.0
//
// The committed zoo of the built-in setting, and what happens to a damaged one.
#include "datasets/zoo/zoo.h"

#include <filesystem>
#include <fstream>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/environment.h"
#include "datasets/models/model_factory.h"
#include "datasets/models/model_outputs.h"
#include "datasets/settings/setting.h"
#include "datasets/zoo/retraining.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr char kFolder[] = "datasets/zoo/glyphs_mlp";

class ZooTest : public testing::Test {
 protected:
  void SetUp() override {
    setting_ = *LoadSetting("glyphs_mlp");
    copy_ = testing::TempDir() + "/zoo";
    std::filesystem::remove_all(copy_);
    std::filesystem::copy(kFolder, copy_,
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(copy_)) {
      std::filesystem::permissions(entry, std::filesystem::perms::owner_write,
                                   std::filesystem::perm_options::add);
    }
  }

  Setting setting_;
  std::string copy_;
};

TEST_F(ZooTest, TheCommittedZooIsWhole) {
  const absl::StatusOr<Zoo> zoo = Zoo::Open(kFolder, setting_);
  ASSERT_TRUE(zoo.ok()) << zoo.status();
  EXPECT_TRUE(zoo->Verify().ok()) << zoo->Verify();
  EXPECT_EQ(zoo->manifest().subset_training().count(), 64 * 3);
  const absl::StatusOr<GroundTruth> truth = zoo->ReadGroundTruth();
  ASSERT_TRUE(truth.ok()) << truth.status();
  EXPECT_TRUE(truth->subsets.sum(1).eq(500).all().item<bool>());
  EXPECT_LE(truth->negative_loss.max().item<float>(), 0);
  const absl::StatusOr<Parameters> parameters = zoo->FullDataCheckpoint(9);
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(CountParameters(*parameters), 25450);
  EXPECT_EQ(zoo->FullDataCheckpoint(10).status().code(), absl::StatusCode::kOutOfRange);
  const absl::StatusOr<Parameters> end = zoo->AlongRunCheckpoint(0);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE((*end)[0].value.equal((*zoo->FullDataCheckpoint(0))[0].value));
  EXPECT_EQ(zoo->AlongRunCheckpoint(10).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(zoo->HalfDataCheckpoint(-1).status().code(), absl::StatusCode::kOutOfRange);
}

// The promise of the manifest: on the CPU model that made it, the same bits; elsewhere, the same
// ranks.
TEST_F(ZooTest, RetrainingASubsetGivesTheCommittedGroundTruth) {
  const Zoo zoo = *Zoo::Open(kFolder, setting_);
  const GroundTruth truth = *zoo.ReadGroundTruth();
  const DatasetSplit data = *LoadDataset(setting_, "");
  for (const TrainingJob& job : TrainingJobs(setting_)) {
    if (job.kind != TrainingJob::Kind::kSubset || job.index != 17) continue;
    const absl::StatusOr<TrainedJob> trained = RunTrainingJob(setting_, data, job);
    ASSERT_TRUE(trained.ok()) << trained.status();
    const Agreement agreement = CompareWithGroundTruth(job, *trained, truth);
    if (DescribeEnvironment().SerializeAsString() ==
        zoo.manifest().environment().SerializeAsString()) {
      EXPECT_TRUE(agreement.same_bits) << job.Name();
    } else {
      EXPECT_TRUE(agreement.within_tolerance()) << job.Name() << agreement.rank_correlation;
    }
  }
}

// Rounding that training has amplified leaves a training nearer to itself than others are; another
// seed's outputs, or another subset's, are not taken for it.
TEST(AgreementTest, NearerToItselfThanOthersAre) {
  const at::Tensor common = at::randn({1, 1, 100}), own = at::randn({6, 2, 100});
  GroundTruth truth;
  truth.negative_loss = common + 0.5 * own;
  truth.margin = truth.negative_loss.neg();
  const TrainingJob job = {TrainingJob::Kind::kSubset, 2, 1};
  const auto compare = [&](const at::Tensor& losses) {
    TrainedJob trained;
    trained.negative_loss = losses;
    trained.margin = losses.neg();
    return CompareWithGroundTruth(job, trained, truth);
  };
  const at::Tensor recorded = truth.negative_loss[2][1];
  const Agreement same = compare(recorded.clone());
  EXPECT_TRUE(same.same_bits);
  EXPECT_NEAR(same.rank_correlation, 1, 1e-12);
  EXPECT_LT(same.nearest_other, 0.95);
  const Agreement rounded = compare(recorded + 0.1 * at::randn({100}));
  EXPECT_FALSE(rounded.same_bits);
  EXPECT_TRUE(rounded.within_tolerance());
  const auto correlation = [](const at::Tensor& a, const at::Tensor& b) {
    return at::corrcoef(at::stack({a.argsort().argsort(), b.argsort().argsort()}).to(at::kDouble))
        .select(0, 0)[1]
        .item<double>();
  };
  double nearest = 0;
  for (int64_t subset = 0; subset < 6; ++subset) {
    for (int64_t seed = 0; seed < 2; ++seed) {
      if (subset == 2 && seed == 1) continue;
      const at::Tensor other = truth.negative_loss[subset][seed];
      const Agreement different = compare(other);
      EXPECT_NEAR(different.rank_correlation, correlation(other, recorded), 1e-12);
      EXPECT_LE(different.rank_correlation, same.nearest_other + 1e-12);
      nearest = std::max(nearest, different.rank_correlation);
    }
  }
  EXPECT_NEAR(same.nearest_other, nearest, 1e-12);
}

// Checkpoint i along the run is what training for fewer epochs gives.
TEST_F(ZooTest, CheckpointsAlongTheRunAreThoseOfShorterTrainings) {
  const Zoo zoo = *Zoo::Open(kFolder, setting_);
  const DatasetSplit data = *LoadDataset(setting_, "");
  const TrainingJob job = TrainingJobs(setting_).front();
  ASSERT_EQ(job.Name(), "full_00");
  for (const int64_t index : {8, 9}) {
    Setting shorter = setting_;
    shorter.mutable_recipe()->set_epochs(3 * (10 - index));
    shorter.mutable_checkpoints()->set_num_along_run(0);
    const TrainedJob trained = *RunTrainingJob(shorter, data, job);
    const Parameters along = *zoo.AlongRunCheckpoint(index);
    // Elsewhere rounding differs, but 3 or 6 epochs do not carry it far.
    for (size_t i = 0; i < along.size(); ++i) {
      EXPECT_LE(along[i].value.sub(trained.parameters[i].value).norm().item<double>(),
                1e-2 * along[i].value.norm().item<double>())
          << index << " " << along[i].name;
    }
  }
}

// What the file has is the model: the outputs that are recorded beside it are of the rounded one.
TEST_F(ZooTest, CheckpointsInHalfPrecision) {
  setting_.mutable_recipe()->set_epochs(2);
  setting_.mutable_subset_plan()->set_num_subsets(1);
  setting_.mutable_checkpoints()->set_num_full_data(1);
  setting_.mutable_checkpoints()->set_num_half_data(1);
  setting_.mutable_checkpoints()->set_num_along_run(2);
  const DatasetSplit data = *LoadDataset(setting_, "");
  const TrainedJob full = *RunTrainingJob(setting_, data, TrainingJobs(setting_).front());
  setting_.mutable_checkpoints()->set_precision(FLOAT16);
  const std::string folder = testing::TempDir() + "/half_precision";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(MakeZoo(setting_, data, folder, 1).ok());
  const Zoo zoo = *Zoo::Open(folder, setting_);
  EXPECT_TRUE(zoo.Verify().ok());
  EXPECT_LT(std::filesystem::file_size(folder + "/checkpoints/full_00.safetensors"), 60000);
  const Parameters end = *zoo.FullDataCheckpoint(0), middle = *zoo.AlongRunCheckpoint(1);
  for (size_t i = 0; i < end.size(); ++i) {
    const auto rounded = [](const at::Tensor& x) { return x.to(at::kHalf).to(at::kFloat); };
    EXPECT_TRUE(end[i].value.equal(rounded(full.parameters[i].value))) << end[i].name;
    EXPECT_TRUE(middle[i].value.equal(rounded(full.along_run[0][i].value))) << end[i].name;
  }
  const TrainedJob half = *RunTrainingJob(setting_, data, TrainingJobs(setting_).front());
  const std::unique_ptr<Model> model = *MakeModel(setting_.model());
  EXPECT_TRUE(half.negative_loss.equal(
      OutputsOfLogits(EvaluateLogits(*model, end, data.test.inputs), data.test.labels)
          .negative_loss.to(at::kFloat)));
}

TEST_F(ZooTest, ADamagedFileIsNamed) {
  const std::string path = copy_ + "/ground_truth.safetensors";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100000);
  file.put('x');
  file.close();
  const Zoo zoo = *Zoo::Open(copy_, setting_);
  for (const absl::Status& status : {zoo.Verify(), zoo.ReadGroundTruth().status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_TRUE(absl::StrContains(std::string(status.message()), "ground_truth.safetensors"))
        << status;
  }
}

TEST_F(ZooTest, AnotherRecipeIsRefused) {
  setting_.mutable_recipe()->set_epochs(31);
  EXPECT_EQ(Zoo::Open(copy_, setting_).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Zoo::Open(testing::TempDir() + "/nowhere", setting_).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace attribench
