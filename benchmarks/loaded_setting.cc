// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/loaded_setting.h"

#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/result_messages.h"
#include "datasets/data_root.h"
#include "datasets/models/model_factory.h"
#include "datasets/project_path.h"
#include "datasets/settings/setting.h"
#include "datasets/working_directory.h"
#include "datasets/zoo/trainer.h"
#include "evaluators/metrics/all_metrics.h"

namespace attribench {
namespace {

SettingFacts FactsOf(const LoadedSetting& loaded) {
  const DatasetSource& dataset = loaded.setting.dataset();
  SettingFacts facts;
  facts.set_name(loaded.setting.name());
  facts.set_dataset(dataset.name());
  facts.set_synthetic(dataset.has_glyphs() || dataset.synthetic());
  facts.set_model(loaded.model != nullptr ? loaded.model->Description() : "not stated");
  facts.set_num_train(dataset.num_train());
  facts.set_num_test(dataset.num_test());
  if (loaded.model != nullptr) {
    for (const Layer& layer : loaded.model->layers()) {
      facts.set_num_parameters(facts.num_parameters() + layer.num_parameters());
    }
  }
  facts.set_num_subsets(loaded.truth.num_subsets());
  facts.set_num_seeds(loaded.truth.num_seeds());
  for (const auto& metric : loaded.metrics) *facts.add_metrics() = ToMessage(*metric);
  const EvaluationBlocks& blocks = loaded.blocks;
  facts.set_num_tuning_subsets(static_cast<int64_t>(blocks.tuning.subsets.size()));
  facts.set_num_reporting_subsets(static_cast<int64_t>(blocks.reporting.subsets.size()));
  facts.set_num_tuning_tests(static_cast<int64_t>(blocks.tuning.tests.size()));
  facts.set_num_reporting_tests(static_cast<int64_t>(blocks.reporting.tests.size()));
  return facts;
}

Provenance ProvenanceOfFiles(const Manifest& manifest) {
  Provenance provenance;
  provenance.set_zoo_recipe_digest(manifest.recipe_digest());
  provenance.set_data_digest(manifest.data_digest());
  for (const Manifest::File& file : manifest.files()) {
    if (file.path() == kGroundTruthPath) provenance.set_ground_truth_digest(file.sha256());
  }
  return provenance;
}

absl::StatusOr<LoadedSetting> LoadWith(DatasetSplit data, const Setting& setting, Zoo zoo) {
  if (const absl::Status status = zoo.Verify(); !status.ok()) return status;
  absl::StatusOr<GroundTruth> truth = zoo.ReadGroundTruth();
  if (!truth.ok()) return truth.status();
  absl::StatusOr<std::unique_ptr<Model>> model = nullptr;
  if (!IsForScoresOnly(setting)) model = MakeModel(setting.model());
  if (!model.ok()) return model.status();
  EvaluationBlocks blocks = SplitIntoBlocks(truth->num_subsets(), setting.dataset().num_test());
  auto metrics = AllMetrics(*truth, blocks.reporting, MislabelledExamples(setting.dataset()));
  LoadedSetting loaded{setting,           std::move(data),   std::move(zoo),    *std::move(truth),
                       *std::move(model), std::move(blocks), std::move(metrics)};
  loaded.facts = FactsOf(loaded);
  loaded.provenance = ProvenanceOfFiles(loaded.zoo.manifest());
  return loaded;
}

std::string ZooFolder(const Setting& setting, const std::string& zoo) {
  return zoo.empty() ? absl::StrCat(ProjectPath("datasets/zoo"), "/", setting.name())
                     : InWorkingDirectory(zoo);
}

absl::StatusOr<Parameters> ReadCheckpoint(const Zoo& zoo, CheckpointKind kind, int64_t index) {
  switch (kind) {
    case CheckpointKind::kFullData:
      return zoo.FullDataCheckpoint(index);
    case CheckpointKind::kHalfData:
      return zoo.HalfDataCheckpoint(index);
    case CheckpointKind::kAlongRun:
      break;
  }
  return zoo.AlongRunCheckpoint(index);
}

Dataset ExamplesWithoutPixels(int64_t count) {
  return {at::empty({count, 0}, at::kFloat), at::zeros({count}, at::kLong)};
}

}  // namespace

absl::StatusOr<LoadedSetting> LoadIntoMemory(const Setting& setting, const std::string& data_root,
                                             const std::string& zoo_folder) {
  if (IsForScoresOnly(setting)) {
    return absl::FailedPreconditionError(
        absl::StrCat("setting ", setting.name(),
                     " has neither examples nor a model: it is for judging scores with "
                     "//:evaluate"));
  }
  absl::StatusOr<DatasetSplit> data = LoadDataset(setting, data_root);
  if (!data.ok()) return data.status();
  absl::StatusOr<Zoo> zoo = Zoo::Open(zoo_folder, setting);
  if (!zoo.ok()) return zoo.status();
  if (const absl::Status status = zoo->CheckData(*data); !status.ok()) return status;
  return LoadWith(*std::move(data), setting, *std::move(zoo));
}

absl::StatusOr<LoadedSetting> LoadNamedSetting(const std::string& setting, const std::string& zoo,
                                               double memory_limit_gib) {
  const absl::StatusOr<Setting> found = LoadSetting(setting);
  if (!found.ok()) return found.status();
  absl::StatusOr<LoadedSetting> loaded = LoadIntoMemory(*found, DataRoot(), ZooFolder(*found, zoo));
  if (loaded.ok() && memory_limit_gib > 0) loaded->memory_limit = memory_limit_gib * (1 << 30);
  return loaded;
}

absl::StatusOr<LoadedSetting> LoadWithoutExamples(const std::string& setting,
                                                  const std::string& zoo) {
  const absl::StatusOr<Setting> found = LoadSetting(setting);
  if (!found.ok()) return found.status();
  absl::StatusOr<Zoo> opened = Zoo::Open(ZooFolder(*found, zoo), *found);
  if (!opened.ok()) return opened.status();
  DatasetSplit data;
  data.train = ExamplesWithoutPixels(found->dataset().num_train());
  data.test = ExamplesWithoutPixels(found->dataset().num_test());
  return LoadWith(std::move(data), *found, *std::move(opened));
}

AttributionTask MakeTask(const LoadedSetting& loaded, double reference_kernel_cpu_seconds) {
  AttributionTask task;
  task.train = loaded.data.train;
  task.test = loaded.data.test;
  task.model = loaded.model.get();
  task.memory_limit = loaded.memory_limit;
  task.device = loaded.device;
  task.checkpoint = [&loaded](CheckpointKind kind, int64_t index) {
    absl::StatusOr<Parameters> read = ReadCheckpoint(loaded.zoo, kind, index);
    if (!read.ok() && !absl::IsOutOfRange(read.status())) loaded.fault->Update(read.status());
    return read;
  };
  task.trained_on = [&loaded](CheckpointKind kind, int64_t index) -> absl::StatusOr<at::Tensor> {
    if (kind == CheckpointKind::kHalfData) return loaded.zoo.HalfDataExamples(index);
    return at::ones({loaded.data.train.size()}, at::kBool);
  };
  task.training_cost = [&loaded, reference_kernel_cpu_seconds](CheckpointKind kind) {
    const Manifest& manifest = loaded.zoo.manifest();
    return ToCost(kind == CheckpointKind::kHalfData ? manifest.half_data_training()
                                                    : manifest.full_data_training(),
                  reference_kernel_cpu_seconds);
  };
  if (loaded.setting.imported()) return task;  // nobody knows the recipe
  task.learning_rate = [recipe = loaded.setting.recipe(),
                        checkpoints = loaded.setting.checkpoints().num_along_run()](double number) {
    return LearningRate(recipe, 1 - number / static_cast<double>(checkpoints));
  };
  task.training_time = TrainingTime(loaded.setting.recipe(), loaded.data.train.size() / 2);
  return task;
}

int64_t NumCheckpoints(const LoadedSetting& loaded, CheckpointKind kind) {
  const CheckpointPlan& plan = loaded.setting.checkpoints();
  switch (kind) {
    case CheckpointKind::kFullData:
      return plan.num_full_data();
    case CheckpointKind::kHalfData:
      return plan.num_half_data();
    case CheckpointKind::kAlongRun:
      break;
  }
  return plan.num_along_run();
}

Cost ToCost(const TrainingCost& training, double reference_kernel_cpu_seconds) {
  Cost cost;
  cost.retrainings = 1;
  cost.flops = training.flops();
  cost.cpu_seconds = training.cpu_seconds();
  const double there = training.reference_kernel_cpu_seconds();
  if (there > 0 && reference_kernel_cpu_seconds > 0) {
    cost.cpu_seconds *= reference_kernel_cpu_seconds / there;
  }
  return cost;
}

}  // namespace attribench
