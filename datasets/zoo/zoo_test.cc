// SPDX-License-Identifier: Apache-2.0
//
// The committed zoo of the built-in setting, and damaged copies of it.
#include "datasets/zoo/zoo.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "datasets/dataset.h"
#include "datasets/formats/safetensors.h"
#include "datasets/models/model_factory.h"
#include "datasets/models/model_outputs.h"
#include "datasets/settings/setting.h"
#include "datasets/whole_file.h"
#include "datasets/zoo/reproduced_training.h"
#include "datasets/zoo/retraining.h"
#include "datasets/zoo/subset_plan.h"
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

  // Changes the tensors of a file of the copy, and its checksum in the manifest to the new one: a
  // file that was made so.
  void Rewrite(const std::string& file, const std::function<void(Safetensors&)>& change) {
    const std::string path = copy_ + "/" + file, manifest = copy_ + "/manifest.textproto";
    const std::string before = *ReadWholeFile(path);
    Safetensors content = *ParseSafetensors(before, path);
    change(content);
    const std::string after = *SerializeSafetensors(content);
    ASSERT_TRUE(WriteWholeFile(path, after).ok());
    ASSERT_TRUE(WriteWholeFile(manifest, absl::StrReplaceAll(*ReadWholeFile(manifest),
                                                             {{Sha256(before), Sha256(after)}}))
                    .ok());
  }

  // The copy is refused, by Verify and when it is read, with DataLoss and this message.
  void ExpectRefused(const std::string& part, const std::function<absl::Status(const Zoo&)>& read) {
    const Zoo zoo = *Zoo::Open(copy_, setting_);
    for (const absl::Status& status : {zoo.Verify(), read(zoo)}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
      EXPECT_TRUE(absl::StrContains(std::string(status.message()), copy_ + "/" + part)) << status;
    }
  }

  Setting setting_;
  std::string copy_;
};

TEST_F(ZooTest, TheCommittedZooIsComplete) {
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

// A model fits the examples that it was trained on better than the others. If the halves had
// nothing to do with the models, each comparison would be like a fair coin, and 50 of 50 right
// answers would have probability 2^-50.
TEST_F(ZooTest, HalfDataExamplesAreThoseThatTheCheckpointWasTrainedOn) {
  const Zoo zoo = *Zoo::Open(kFolder, setting_);
  const Dataset train = LoadDataset(setting_, "")->train;
  const std::unique_ptr<Model> model = *MakeModel(setting_.model());
  std::set<std::vector<int64_t>> halves;
  for (int64_t i = 0; i < 50; ++i) {
    const absl::StatusOr<at::Tensor> examples = zoo.HalfDataExamples(i);
    ASSERT_TRUE(examples.ok()) << examples.status();
    ASSERT_EQ(examples->scalar_type(), at::kBool);
    ASSERT_EQ(examples->sizes(), (std::vector<int64_t>{1000}));
    EXPECT_EQ(examples->sum().item<int64_t>(), 500) << i;
    const at::Tensor losses =
        OutputsOfLogits(EvaluateLogits(*model, *zoo.HalfDataCheckpoint(i), train.inputs),
                        train.labels)
            .negative_loss;
    EXPECT_GT(losses.index({*examples}).mean().item<double>(),
              losses.index({examples->logical_not()}).mean().item<double>())
        << i;
    const at::Tensor numbers = examples->nonzero().flatten();
    halves.insert({numbers.data_ptr<int64_t>(), numbers.data_ptr<int64_t>() + numbers.numel()});
  }
  EXPECT_EQ(halves.size(), 50) << "two checkpoints have the same half";
}

TEST_F(ZooTest, HalfDataExamplesAreThoseOfTheTrainingJobs) {
  const Zoo zoo = *Zoo::Open(kFolder, setting_);
  for (const TrainingJob& job : TrainingJobs(setting_)) {
    if (job.kind != TrainingJob::Kind::kHalfData) continue;
    const at::Tensor numbers = zoo.HalfDataExamples(job.index)->nonzero().flatten();
    EXPECT_TRUE(numbers.equal(at::tensor(job.examples, at::kLong))) << job.Name();
  }
}

TEST_F(ZooTest, NumbersOutOfRangeSayHowManyCheckpointsThereAre) {
  const Zoo zoo = *Zoo::Open(kFolder, setting_);
  for (const int64_t index : {-1, 50}) {
    for (const absl::Status& status :
         {zoo.HalfDataCheckpoint(index).status(), zoo.HalfDataExamples(index).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
      EXPECT_TRUE(absl::StrContains(std::string(status.message()), "has 50 of that kind"))
          << status;
    }
  }
}

// On the CPU model that made the zoo, the same bits; elsewhere, the same ranks.
TEST_F(ZooTest, RetrainingASubsetReproducesTheCommittedGroundTruth) {
  const Zoo zoo = *Zoo::Open(kFolder, setting_);
  const DatasetSplit data = *LoadDataset(setting_, "");
  for (const char* name : {"subset_017_seed_0", "subset_017_seed_1", "subset_017_seed_2"}) {
    ExpectTrainingReproducesGroundTruth(setting_, data, zoo, name);
  }
}

// A checkpoint along the run is the result of a shorter training.
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
    // On another CPU, rounding differs; over 3 or 6 epochs the difference stays small.
    for (size_t i = 0; i < along.size(); ++i) {
      EXPECT_LE(along[i].value.sub(trained.parameters[i].value).norm().item<double>(),
                1e-2 * along[i].value.norm().item<double>())
          << index << " " << along[i].name;
    }
  }
}

// The model is what the file holds: the recorded outputs are those of the rounded parameters.
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

TEST_F(ZooTest, AForeignCheckpointIsNamed) {
  const auto read = [](const Zoo& zoo) { return zoo.HalfDataCheckpoint(3).status(); };
  const std::string file = "checkpoints/half_03.safetensors";
  const Safetensors good = *ReadSafetensors(copy_ + "/" + file);
  const auto expect_refused = [&](const std::string& message, auto change) {
    Rewrite(file, [&](Safetensors& content) {
      content = good;
      change(content.tensors);
    });
    ExpectRefused(file + ": " + message, read);
  };
  using Tensors = std::map<std::string, at::Tensor>;
  expect_refused("parameter module.fc1.bias must be named fc1.bias: remove the prefix module.",
                 [](Tensors& tensors) {
                   Tensors renamed;
                   for (const auto& [name, tensor] : tensors) renamed["module." + name] = tensor;
                   tensors = renamed;
                 });
  expect_refused("parameter fc1.weight is [784, 32], must be [32, 784]: it is transposed",
                 [](Tensors& tensors) { tensors["fc1.weight"] = tensors["fc1.weight"].t(); });
  expect_refused("parameter fc2.bias is [11], must be [10]",
                 [](Tensors& tensors) { tensors["fc2.bias"] = at::zeros({11}); });
  expect_refused("parameter fc2.bias is missing; the file has fc1.bias, fc1.weight, fc2.weight",
                 [](Tensors& tensors) { tensors.erase("fc2.bias"); });
  expect_refused("the model has no parameter fc3.bias; it has fc1.bias, fc1.weight, fc2.bias",
                 [](Tensors& tensors) { tensors["fc3.bias"] = at::zeros({1}); });
  expect_refused("parameter fc2.bias has nan, must be finite (1 of its 10 numbers are not)",
                 [](Tensors& tensors) {
                   tensors["fc2.bias"] = tensors["fc2.bias"].clone();
                   tensors["fc2.bias"][4] = NAN;
                 });
  Rewrite(file, [&](Safetensors& content) { content = good; });
  const absl::Status status = Zoo::Open(copy_, setting_)->Verify();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ZooTest, AGroundTruthThatIsNotFiniteIsRefused) {
  const auto read = [](const Zoo& zoo) { return zoo.ReadGroundTruth().status(); };
  const std::string file = kGroundTruthPath;
  Rewrite(file, [](Safetensors& content) {
    content.tensors["margin"][5][2][7] = -INFINITY;
    content.tensors["margin"][6][0][0] = NAN;
  });
  ExpectRefused(file +
                    ": margin is -inf for subset 5, seed 2, test example 7, must be finite (2 of "
                    "38400 are not)",
                read);
  Rewrite(file, [](Safetensors& content) { content.tensors["negative_loss"][1][0][3] = NAN; });
  ExpectRefused(file + ": negative_loss is nan for subset 1, seed 0, test example 3", read);
}

TEST_F(ZooTest, AGroundTruthOfAnotherFormIsRefused) {
  const auto read = [](const Zoo& zoo) { return zoo.ReadGroundTruth().status(); };
  const std::string file = kGroundTruthPath;
  const Safetensors good = *ReadSafetensors(copy_ + "/" + file);
  const auto expect_refused = [&](const std::string& message, auto change) {
    Rewrite(file, [&](Safetensors& content) {
      content = good;
      change(content.tensors);
    });
    ExpectRefused(file + ": " + message, read);
  };
  using Tensors = std::map<std::string, at::Tensor>;
  expect_refused("no tensor margin", [](Tensors& tensors) { tensors.erase("margin"); });
  expect_refused("subsets is [63, 1000], must be [64, 1000]",
                 [](Tensors& tensors) { tensors["subsets"] = tensors["subsets"].slice(0, 1); });
  expect_refused("subsets has type Byte, must have Bool",
                 [](Tensors& tensors) { tensors["subsets"] = tensors["subsets"].to(at::kByte); });
}

TEST_F(ZooTest, TheManifestMustListTheFilesOfTheSetting) {
  const std::string path = copy_ + "/manifest.textproto";
  const std::string good = *ReadWholeFile(path);
  const auto message = [&](const std::string& from, const std::string& to) {
    EXPECT_TRUE(WriteWholeFile(path, absl::StrReplaceAll(good, {{from, to}})).ok());
    return std::string(Zoo::Open(copy_, setting_)->Verify().message());
  };
  EXPECT_TRUE(absl::StrContains(message("half_03", "half_77"),
                                "lists checkpoints/half_77.safetensors, which setting glyphs_mlp "
                                "does not give"));
  const std::string last = "files {\n  path: \"ground_truth";
  EXPECT_TRUE(absl::StrContains(
      message(last, "files { path: \"checkpoints/half_03.safetensors\" }\n" + last),
      "lists checkpoints/half_03.safetensors, which setting glyphs_mlp does not give, or lists it "
      "twice"));
  EXPECT_TRUE(absl::StrContains(message("checkpoints/run_09", "run_09"), "lists run_09"));
  EXPECT_TRUE(absl::StrContains(message(kGroundTruthPath, "checkpoints/half_03.safetensors"),
                                "lists it twice"));
}

TEST_F(ZooTest, OtherDataAreRefusedWithBothDigests) {
  DatasetSplit data = *LoadDataset(setting_, "");
  const Zoo zoo = *Zoo::Open(copy_, setting_);
  EXPECT_TRUE(zoo.CheckData(data).ok()) << zoo.CheckData(data);
  const std::string digest = data.digest;
  Setting other = setting_;
  other.mutable_dataset()->mutable_glyphs()->set_seed(1);
  data = *LoadDataset(other, "");
  ASSERT_NE(data.digest, digest);
  const absl::Status status = zoo.CheckData(data);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  for (const std::string& part : {copy_, digest, data.digest}) {
    EXPECT_TRUE(absl::StrContains(std::string(status.message()), part)) << status;
  }
  const std::string path = copy_ + "/manifest.textproto";
  ASSERT_TRUE(WriteWholeFile(path, absl::StrReplaceAll(*ReadWholeFile(path),
                                                       {{"data_digest", "# data_digest"}}))
                  .ok());
  EXPECT_TRUE(absl::StrContains(std::string(Zoo::Open(copy_, setting_)->CheckData(data).message()),
                                "add the line data_digest: \"" + data.digest + "\""));
}

TEST_F(ZooTest, AnotherRecipeIsRefused) {
  setting_.mutable_recipe()->set_epochs(31);
  EXPECT_EQ(Zoo::Open(copy_, setting_).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Zoo::Open(testing::TempDir() + "/nowhere", setting_).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace attribench
