// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_LOADED_SETTING_H_
#define ATTRIBENCH_BENCHMARKS_LOADED_SETTING_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/result.pb.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/manifest.pb.h"
#include "datasets/zoo/zoo.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/metrics/metric.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"

namespace attribench {

// A setting with its examples and its ground truth in memory.
struct LoadedSetting {
  Setting setting;
  DatasetSplit data;
  Zoo zoo;
  GroundTruth truth;
  std::unique_ptr<Model> model;  // null if the setting is for judging scores only
  EvaluationBlocks blocks;
  std::vector<std::unique_ptr<Metric>> metrics;  // on the reporting block
  SettingFacts facts;
  Provenance provenance;  // the digests of the files; the rest is empty
  double memory_limit = AttributionTask().memory_limit;  // in bytes, for each task
  at::Device device = at::kCPU;                          // of each task
  // The first fault of the zoo's files that a task met, such as a checkpoint that is gone; OK if
  // there was none. What a method did then says nothing of the method.
  std::shared_ptr<absl::Status> fault = std::make_shared<absl::Status>();
};

// Reads the setting's dataset and the zoo in `zoo_folder`, and checks the whole zoo. Errors as
// LoadDataset, Zoo and MakeModel; FailedPrecondition if the setting is for judging scores only.
absl::StatusOr<LoadedSetting> LoadIntoMemory(const Setting& setting, const std::string& data_root,
                                             const std::string& zoo_folder);

// What the flags of a program name: `setting` by its name or by the path of its file, and its zoo,
// in the working directory's terms; an empty `zoo` is datasets/zoo/<setting> of the project. The
// data are those of DataRoot. memory_limit_gib above 0 becomes LoadedSetting::memory_limit. Errors
// as LoadSetting and LoadIntoMemory.
absl::StatusOr<LoadedSetting> LoadNamedSetting(const std::string& setting, const std::string& zoo,
                                               double memory_limit_gib = 0);

// The same for what needs the ground truth alone, such as judging scores of another program. It
// reads no dataset: the examples have the right number, but no pixels, and all labels are 0.
absl::StatusOr<LoadedSetting> LoadWithoutExamples(const std::string& setting,
                                                  const std::string& zoo);

// The task of attributing the setting's test examples to its training examples. Keeps a reference
// to `loaded`. Costs of trainings are those of ToCost.
AttributionTask MakeTask(const LoadedSetting& loaded, double reference_kernel_cpu_seconds = 0);

// The number of checkpoints of a kind.
int64_t NumCheckpoints(const LoadedSetting& loaded, CheckpointKind kind);

// One training, as a ledger charges it. Its CPU seconds are converted from the machine that trained
// to one on which the reference kernel takes `reference_kernel_cpu_seconds`. If this is 0, or if
// the zoo does not hold the kernel's time, they are those of the machine that trained.
Cost ToCost(const TrainingCost& training, double reference_kernel_cpu_seconds = 0);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_LOADED_SETTING_H_
