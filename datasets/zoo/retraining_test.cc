// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/retraining.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "datasets/settings/setting.h"
#include "datasets/whole_file.h"
#include "datasets/zoo/work_lock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr char kTiny[] = "datasets/zoo/testdata/tiny.textproto";

TEST(ShardTest, IndexAndCount) {
  const absl::StatusOr<Shard> shard = ParseShard("3/8");
  ASSERT_TRUE(shard.ok()) << shard.status();
  EXPECT_EQ(shard->index, 3);
  EXPECT_EQ(shard->count, 8);
  EXPECT_EQ(ParseShard("0/1")->count, 1);
}

TEST(ShardTest, OtherTextsAreRefused) {
  for (const char* text : {"", "3", "8/8", "9/8", "-1/8", "0/0", "0/-1", "a/8", "3/b", "3/8/1"}) {
    const absl::Status status = ParseShard(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_TRUE(absl::StrContains(std::string(status.message()),
                                  std::string("shard is '") + text + "', must be I/N"))
        << status;
  }
}

// A training with some noise is within tolerance of its own record. The outputs of another seed or
// of another subset are not.
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

class RetrainingTest : public testing::Test {
 protected:
  // The jobs of one kind of training.
  std::vector<TrainingJob> Jobs(TrainingJob::Kind kind) {
    std::vector<TrainingJob> jobs = TrainingJobs(setting_);
    jobs.erase(std::remove_if(jobs.begin(), jobs.end(),
                              [&](const TrainingJob& job) { return job.kind != kind; }),
               jobs.end());
    return jobs;
  }

  Setting setting_ = *LoadSetting(kTiny);
  DatasetSplit data_ = *LoadDataset(setting_, "");
};

TEST_F(RetrainingTest, AJobIsTrainedOnItsExamplesOnly) {
  const TrainingJob job = Jobs(TrainingJob::Kind::kHalfData).front();
  const TrainedJob before = *RunTrainingJob(setting_, data_, job);
  EXPECT_EQ(before.negative_loss.sizes(), data_.test.labels.sizes());
  EXPECT_TRUE(before.along_run.empty());
  EXPECT_GT(before.cpu_seconds, 0);
  EXPECT_GT(before.reference_kernel_cpu_seconds, 0);
  EXPECT_FALSE(before.cpu_model.empty());
  const std::set<int64_t> own(job.examples.begin(), job.examples.end());
  for (int64_t i = 0; i < data_.train.size(); ++i) {
    if (own.count(i) == 0) data_.train.inputs[i].fill_(1e6);
  }
  const TrainedJob after = *RunTrainingJob(setting_, data_, job);
  EXPECT_TRUE(before.negative_loss.equal(after.negative_loss));
  EXPECT_EQ(before.train_accuracy, after.train_accuracy);
}

TEST_F(RetrainingTest, EveryJobIsGivenToTheSinkOnce) {
  const std::vector<TrainingJob> jobs = Jobs(TrainingJob::Kind::kHalfData);
  absl::Mutex mutex;
  std::multiset<std::string> names;
  const auto sink = [&](const TrainingJob& job, const TrainedJob&) {
    absl::MutexLock lock(&mutex);
    names.insert(job.Name());
    return absl::OkStatus();
  };
  ASSERT_TRUE(RunTrainingJobs(setting_, data_, jobs, 2, sink).ok());
  EXPECT_EQ(names, (std::multiset<std::string>{"half_00", "half_01"}));
}

TEST_F(RetrainingTest, ErrorsNameTheTrainingAndStopTheRun) {
  const std::vector<TrainingJob> jobs = Jobs(TrainingJob::Kind::kHalfData);
  int calls = 0;
  const auto full = [&](const TrainingJob&, const TrainedJob&) {
    ++calls;
    return absl::UnavailableError("the disk is full");
  };
  absl::Status status = RunTrainingJobs(setting_, data_, jobs, 1, full);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "half_00: the disk is full");
  EXPECT_EQ(calls, 1);
  setting_.mutable_recipe()->set_learning_rate(1e30);  // the training diverges
  status = RunTrainingJobs(setting_, data_, jobs, 1, full);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(absl::StartsWith(std::string(status.message()), "half_00: ")) << status;
  EXPECT_EQ(calls, 1);
}

// What is not finite is named with its training and its epoch, and nothing of it is kept.
TEST_F(RetrainingTest, DivergedTrainingsAreRefused) {
  const std::string folder = testing::TempDir() + "/diverged";
  std::filesystem::remove_all(folder);
  setting_.mutable_recipe()->set_learning_rate(1e30);
  absl::Status status = MakeZoo(setting_, data_, folder, 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  for (const char* part :
       {"subset_000_seed_0: training with seed", "diverged in epoch 1: parameter fc",
        "must be finite", "lower recipe.learning_rate (1e+30)"}) {
    EXPECT_TRUE(absl::StrContains(std::string(status.message()), part)) << status;
  }
  // One step with a rate of 1e25: weights of 1e23 and more are finite, the products of two layers
  // are above 3e38.
  setting_.mutable_recipe()->set_learning_rate(1e25);
  setting_.mutable_recipe()->set_epochs(1);
  setting_.mutable_recipe()->set_batch_size(200);
  status = MakeZoo(setting_, data_, folder, 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  for (const char* part :
       {"subset_000_seed_0: after the last epoch (1), the output negative_loss is ",
        " for test example ", "must be finite", "lower recipe.learning_rate (1e+25)"}) {
    EXPECT_TRUE(absl::StrContains(std::string(status.message()), part)) << status;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    EXPECT_FALSE(entry.is_regular_file()) << entry.path();
  }
}

TEST_F(RetrainingTest, AZooOfAnotherRecipeOrOfOtherDataIsNotOverwritten) {
  setting_.mutable_subset_plan()->set_num_subsets(1);
  setting_.mutable_subset_plan()->set_num_seeds(1);
  const std::string folder = testing::TempDir() + "/taken";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(MakeZoo(setting_, data_, folder, 2).ok());
  const auto times = [&] {
    std::map<std::string, std::filesystem::file_time_type> result;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      result[entry.path()] = std::filesystem::last_write_time(entry);
    return result;
  };
  const auto before = times();
  ASSERT_EQ(before.size(), 1 + 1 + 1 + 4);  // a folder, manifest, ground truth, checkpoints

  Setting other = setting_;
  other.mutable_recipe()->set_epochs(1);
  absl::Status status = MakeZoo(other, data_, folder, 2);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "another recipe")) << status;

  const std::string digest = data_.digest;
  other = setting_;
  other.mutable_dataset()->mutable_glyphs()->set_seed(77);
  // The recipe of the first zoo, but examples of another seed: as if a file had been exchanged.
  data_ = *LoadDataset(other, "");
  for (const absl::Status& refused :
       {MakeZoo(setting_, data_, folder, 2), TrainShard(setting_, data_, folder, 2, {0, 2})}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
    for (const std::string& part : {std::string("other examples"), digest, data_.digest}) {
      EXPECT_TRUE(absl::StrContains(std::string(refused.message()), part)) << refused;
    }
  }
  EXPECT_EQ(times(), before);
}

TEST_F(RetrainingTest, JobsOfOtherDataAreTrainedAgain) {
  setting_.mutable_subset_plan()->set_num_subsets(1);
  const std::string folder = testing::TempDir() + "/other_jobs";
  std::filesystem::remove_all(folder);
  DatasetSplit other = data_;
  other.digest = Sha256("other data");
  ASSERT_TRUE(TrainShard(setting_, other, folder, 2, {0, 1}).ok());
  testing::internal::CaptureStderr();
  ASSERT_TRUE(MakeZoo(setting_, data_, folder, 2).ok());
  EXPECT_TRUE(absl::StrContains(testing::internal::GetCapturedStderr(),
                                "full_00.safetensors was made from other data"));
  EXPECT_EQ(Zoo::Open(folder, setting_)->manifest().data_digest(), data_.digest);
}

TEST_F(RetrainingTest, AFolderWhereAnotherWorksIsRefused) {
  const std::string folder = testing::TempDir() + "/busy";
  std::filesystem::remove_all(folder);
  const auto lock = WorkLock::Take(folder + "/jobs", WorkLock::Kind::kAlone, "retrain");
  ASSERT_TRUE(lock.ok()) << lock.status();
  for (const absl::Status& status :
       {MakeZoo(setting_, data_, folder, 2), TrainShard(setting_, data_, folder, 2, {0, 2})}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists) << status;
    EXPECT_TRUE(absl::StartsWith(std::string(status.message()), "another retrain (pid ")) << status;
  }
}

TEST_F(RetrainingTest, WorkersMustBeAtLeastOne) {
  const std::string folder = testing::TempDir() + "/no_workers";
  for (const absl::Status& status :
       {RunTrainingJobs(setting_, data_, {}, 0, nullptr), MakeZoo(setting_, data_, folder, 0),
        TrainShard(setting_, data_, folder, 0, {})}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(status.message(), "workers is 0, must be at least 1");
  }
}

TEST_F(RetrainingTest, AShardTrainsItsPartAndMakesNoZoo) {
  setting_.mutable_subset_plan()->set_num_subsets(2);
  setting_.mutable_subset_plan()->set_num_seeds(1);
  const std::string folder = testing::TempDir() + "/shard";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(TrainShard(setting_, data_, folder, 1, {1, 3}).ok());  // jobs 1 and 4 of 6
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.insert(entry.path().filename());
  }
  EXPECT_EQ(files, (std::set<std::string>{"full_01.safetensors", "subset_000_seed_0.safetensors"}));
  ASSERT_TRUE(MakeZoo(setting_, data_, folder, 2).ok());
  const absl::StatusOr<Zoo> zoo = Zoo::Open(folder, setting_);
  ASSERT_TRUE(zoo.ok()) << zoo.status();
  EXPECT_TRUE(zoo->Verify().ok()) << zoo->Verify();
  EXPECT_FALSE(std::filesystem::exists(folder + "/jobs"));
}

}  // namespace
}  // namespace attribench
