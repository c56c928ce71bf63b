// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/removal_trainings.h"

#include <iostream>
#include <memory>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "datasets/formats/safetensors.h"
#include "datasets/models/model_factory.h"
#include "datasets/random_stream.h"
#include "datasets/settings/setting.h"
#include "datasets/whole_file.h"
#include "datasets/zoo/retraining.h"
#include "datasets/zoo/subset_plan.h"

namespace attribench {
namespace {

// What a file keeps of one training.
struct Outputs {
  at::Tensor margin;   // [test] float32
  at::Tensor correct;  // [test] bool
  double cpu_seconds = 0;
};

absl::Status Write(const std::string& path, const Outputs& outputs) {
  Safetensors content;
  content.tensors = {{"margin", outputs.margin}, {"correct", outputs.correct}};
  content.metadata["cpu_seconds"] = absl::StrFormat("%.6f", outputs.cpu_seconds);
  return WriteSafetensors(path, content);
}

// NotFound if there is no such file; DataLoss if it is damaged.
absl::StatusOr<Outputs> Read(const std::string& path, int64_t num_tests) {
  absl::StatusOr<Safetensors> content = ReadSafetensors(path);
  if (absl::IsNotFound(content.status())) return content.status();
  if (!content.ok()) return absl::DataLossError(content.status().message());
  Outputs outputs{content->tensors["margin"], content->tensors["correct"]};
  const auto is = [&](const at::Tensor& tensor, at::ScalarType type) {
    return tensor.defined() && tensor.scalar_type() == type && tensor.dim() == 1 &&
           tensor.size(0) == num_tests;
  };
  if (!is(outputs.margin, at::kFloat) || !is(outputs.correct, at::kBool) ||
      !outputs.margin.isfinite().all().item<bool>() ||
      !absl::SimpleAtod(content->metadata["cpu_seconds"], &outputs.cpu_seconds)) {
    return absl::DataLossError(
        absl::StrCat(path, " does not hold finite outputs of ", num_tests, " test examples"));
  }
  return outputs;
}

uint64_t SeedOf(int64_t repetition) {
  return RandomStream(1, "removal seed", {static_cast<uint64_t>(repetition)}).Next64();
}

}  // namespace

RemovalTrainings::RemovalTrainings(const Setting& setting, const DatasetSplit& data,
                                   std::string folder, int num_workers)
    : setting_(setting), data_(data), folder_(std::move(folder)), num_workers_(num_workers) {}

absl::StatusOr<OutputsWithout> RemovalTrainings::Without(
    const std::vector<std::vector<int64_t>>& removed, int64_t num_seeds) {
  const absl::StatusOr<std::unique_ptr<Model>> model = MakeModel(setting_.model());
  if (!model.ok()) return model.status();
  const int64_t num_sets = static_cast<int64_t>(removed.size()), num_tests = data_.test.size();
  const std::string recipe = RecipeDigest(setting_);
  const auto path_of = [&](int64_t set, int64_t repetition) {
    const std::string what = absl::StrCat(recipe, " ", data_.digest, " ", SeedOf(repetition),
                                          " without ", absl::StrJoin(removed[set], ","));
    return absl::StrCat(folder_, "/", Sha256(what), ".safetensors");
  };

  OutputsWithout all;
  all.margin = at::empty({num_sets, num_seeds, num_tests}, at::kFloat);
  all.correct = at::empty({num_sets, num_seeds, num_tests}, at::kBool);
  const auto take = [&](int64_t set, int64_t repetition, const Outputs& outputs) {
    all.margin[set][repetition].copy_(outputs.margin);
    all.correct[set][repetition].copy_(outputs.correct);
    all.cpu_seconds += outputs.cpu_seconds;
  };

  std::vector<TrainingJob> jobs;
  for (int64_t set = 0; set < num_sets; ++set) {
    for (int64_t repetition = 0; repetition < num_seeds; ++repetition) {
      const absl::StatusOr<Outputs> known = Read(path_of(set, repetition), num_tests);
      if (known.ok()) {
        take(set, repetition, *known);
        continue;
      }
      if (!absl::IsNotFound(known.status())) {
        std::cerr << known.status().message() << "; training it again\n";
      }
      jobs.push_back({TrainingJob::Kind::kSubset, set, repetition,
                      ExamplesWithout(data_.train.size(), removed[set]), SeedOf(repetition)});
    }
  }
  if (jobs.empty()) return all;
  const absl::Status status = RunTrainingJobs(
      setting_, data_, jobs, num_workers_, [&](const TrainingJob& job, const TrainedJob& trained) {
        const at::Tensor logits = EvaluateLogits(**model, trained.parameters, data_.test.inputs);
        return Write(path_of(job.index, job.repetition),
                     {trained.margin, logits.argmax(1).eq(data_.test.labels), trained.cpu_seconds});
      });
  if (!status.ok()) return status;
  num_trained_ += static_cast<int64_t>(jobs.size());
  for (const TrainingJob& job : jobs) {
    const absl::StatusOr<Outputs> outputs = Read(path_of(job.index, job.repetition), num_tests);
    if (!outputs.ok()) return outputs.status();
    take(job.index, job.repetition, *outputs);
  }
  return all;
}

}  // namespace attribench
