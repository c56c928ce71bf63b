// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/loaded_setting.h"

#include <filesystem>
#include <functional>
#include <string>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/settings/setting.h"
#include "datasets/whole_file.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr char kZoo[] = "datasets/zoo/glyphs_mlp";

class LoadedSettingTest : public testing::Test {
 protected:
  static const LoadedSetting& Glyphs() {
    static const auto* loaded = new LoadedSetting([] {
      absl::StatusOr<LoadedSetting> read =
          LoadIntoMemory(*LoadSetting("glyphs_mlp"), /*data_root=*/"", kZoo);
      EXPECT_TRUE(read.ok()) << read.status();
      return *std::move(read);
    }());
    return *loaded;
  }
};

TEST_F(LoadedSettingTest, FactsAndCeiling) {
  const SettingFacts& facts = Glyphs().facts;
  EXPECT_EQ(facts.name(), "glyphs_mlp");
  EXPECT_TRUE(facts.synthetic());
  EXPECT_EQ(facts.num_parameters(), 25450);
  EXPECT_EQ(facts.num_train(), Glyphs().data.train.size());
  EXPECT_EQ(facts.num_test(), Glyphs().data.test.size());
  EXPECT_EQ(facts.num_tuning_subsets() + facts.num_reporting_subsets(), facts.num_subsets());
  EXPECT_EQ(facts.num_tuning_tests() + facts.num_reporting_tests(), facts.num_test());
  ASSERT_EQ(facts.metrics_size(), Glyphs().metrics.size());
  EXPECT_EQ(facts.metrics(0).name(), "lds");
  EXPECT_EQ(facts.metrics(0).unit(), "test example");
  EXPECT_EQ(facts.metrics(0).direction(), HIGHER_IS_BETTER);
  EXPECT_GT(facts.metrics(0).ceiling().value(), 0.9);
  EXPECT_LT(facts.metrics(0).ceiling().value(), 1);
}

TEST_F(LoadedSettingTest, ProvenanceHasTheDigestsOfTheFiles) {
  const Provenance& provenance = Glyphs().provenance;
  EXPECT_EQ(provenance.zoo_recipe_digest(), RecipeDigest(*LoadSetting("glyphs_mlp")));
  EXPECT_EQ(provenance.ground_truth_digest(),
            Sha256(*ReadWholeFile(std::string(kZoo) + "/ground_truth.safetensors")));
}

// A predictor that knows the retrained outputs of the reporting block has an LDS of 1.
TEST_F(LoadedSettingTest, MetricsMeasureTheReportingBlock) {
  at::Tensor scores =
      at::zeros({Glyphs().truth.num_subsets(), Glyphs().data.test.size()}, at::kDouble);
  const at::Tensor outputs = Glyphs().truth.negative_loss.to(at::kDouble).mean(1);
  for (const int64_t subset : Glyphs().blocks.reporting.subsets) {
    scores[subset].copy_(outputs[subset]);
  }
  const absl::StatusOr<Measurement> lds = Glyphs().metrics[0]->Measure({scores, nullptr});
  ASSERT_TRUE(lds.ok()) << lds.status();
  EXPECT_NEAR(lds->estimate.value, 1, 1e-12);
}

TEST_F(LoadedSettingTest, TheTaskReadsTheZoo) {
  const AttributionTask task = MakeTask(Glyphs());
  EXPECT_EQ(task.train.size(), 1000);
  EXPECT_EQ(task.test.size(), 200);
  for (const CheckpointKind kind :
       {CheckpointKind::kFullData, CheckpointKind::kHalfData, CheckpointKind::kAlongRun}) {
    const absl::StatusOr<Parameters> parameters = task.checkpoint(kind, 0);
    ASSERT_TRUE(parameters.ok()) << parameters.status();
    EXPECT_EQ(CountParameters(*parameters), 25450);
    EXPECT_EQ(task.checkpoint(kind, 1000000).status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(task.training_cost(kind).retrainings, 1);
  }
  // Half of the data, half of the steps.
  EXPECT_NEAR(task.training_cost(CheckpointKind::kHalfData).flops /
                  task.training_cost(CheckpointKind::kFullData).flops,
              .5, .01);
  EXPECT_EQ(task.memory_limit, Glyphs().memory_limit);
}

TEST_F(LoadedSettingTest, AMissingZooIsNamed) {
  const absl::Status status =
      LoadIntoMemory(*LoadSetting("glyphs_mlp"), "", "/no/such/zoo").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "/no/such/zoo")) << status;
}

// Damage of a file, or other examples, must not become scores.
TEST_F(LoadedSettingTest, ADamagedZooAndOtherExamplesAreRefused) {
  const std::string copy = testing::TempDir() + "/copy";
  std::filesystem::remove_all(copy);
  std::filesystem::copy(kZoo, copy, std::filesystem::copy_options::recursive);
  const auto change = [&](const std::string& file, const std::function<void(std::string&)>& edit) {
    std::string bytes = *ReadWholeFile(copy + "/" + file);
    edit(bytes);
    ASSERT_TRUE(WriteWholeFile(copy + "/" + file, bytes).ok());
  };
  const auto flip = [](std::string& bytes) { bytes.back() ^= 1; };
  const auto load = [&] { return LoadIntoMemory(*LoadSetting("glyphs_mlp"), "", copy).status(); };
  change("checkpoints/half_49.safetensors", flip);
  absl::Status status = load();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_TRUE(
      absl::StrContains(std::string(status.message()),
                        copy + "/checkpoints/half_49.safetensors is damaged: its sha256 is "))
      << status;
  change("checkpoints/half_49.safetensors", flip);
  EXPECT_TRUE(load().ok()) << load();
  change("manifest.textproto", [](std::string& text) {
    const std::string field = "data_digest: \"";
    text.insert(text.find(field) + field.size(), "x");
  });
  status = load();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "was made from other examples"))
      << status;
}

TEST(ToCostTest, OneTrainingIsOneRetraining) {
  TrainingCost training;
  training.set_flops(3);
  training.set_cpu_seconds(4);
  const Cost cost = ToCost(training);
  EXPECT_EQ(cost.retrainings, 1);
  EXPECT_EQ(cost.flops, 3);
  EXPECT_EQ(cost.cpu_seconds, 4);
}

// The reference kernel takes .01 s there and .03 s here.
TEST(ToCostTest, CpuSecondsAreConvertedIfBothMachinesAreKnown) {
  TrainingCost training;
  training.set_cpu_seconds(4);
  EXPECT_EQ(ToCost(training, .03).cpu_seconds, 4) << "the zoo does not say";
  training.set_reference_kernel_cpu_seconds(.01);
  EXPECT_EQ(ToCost(training).cpu_seconds, 4) << "nobody knows this machine";
  EXPECT_NEAR(ToCost(training, .03).cpu_seconds, 12, 1e-12);
}

}  // namespace
}  // namespace attribench
