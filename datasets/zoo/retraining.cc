// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/retraining.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "datasets/clock.h"
#include "datasets/environment.h"
#include "datasets/formats/safetensors.h"
#include "datasets/models/model_factory.h"
#include "datasets/models/model_outputs.h"
#include "datasets/progress_bar.h"
#include "datasets/reference_kernel.h"
#include "datasets/settings/setting.h"
#include "datasets/whole_file.h"
#include "datasets/zoo/manifest.pb.h"
#include "datasets/zoo/trainer.h"
#include "datasets/zoo/work_lock.h"
#include "datasets/zoo/zoo.h"
#include "datasets/zoo/zoo_writer.h"
#include "google/protobuf/text_format.h"

namespace attribench {
namespace {

using Kind = TrainingJob::Kind;

constexpr char kProgram[] = "retrain";

std::string JobsFolder(const std::string& folder) { return absl::StrCat(folder, "/jobs"); }

// Internal says which parameter, running statistic or output is not finite.
absl::Status CheckFinite(const TrainedJob& trained) {
  absl::Status status = CheckFinite(trained.parameters);
  for (const Parameters& parameters : trained.along_run) status.Update(CheckFinite(parameters));
  if (!status.ok()) return status;
  for (const auto& [name, values] :
       {std::pair("negative_loss", trained.negative_loss), std::pair("margin", trained.margin)}) {
    const at::Tensor bad = values.isfinite().logical_not().nonzero();
    if (bad.size(0) == 0) continue;
    const int64_t first = bad[0].item<int64_t>();
    return absl::InternalError(absl::StrCat(
        "the output ", name, " is ", values[first].item<float>(), " for test example ", first,
        ", must be finite (", bad.size(0), " of ", values.size(0), " are not)"));
  }
  return absl::OkStatus();
}

// The file of a finished training. Its metadata hold the digests of the recipe and of the data, the
// checksum of the tensors and the cost of the training.
class JobFile {
 public:
  JobFile(const std::string& folder, const std::string& recipe_digest,
          const std::string& data_digest, const TrainingJob& job)
      : path_(absl::StrCat(JobsFolder(folder), "/", job.Name(), ".safetensors")),
        recipe_digest_(recipe_digest),
        data_digest_(data_digest) {}

  absl::Status Write(const TrainedJob& trained, bool keep_parameters) const {
    Safetensors content;
    content.tensors = {{"negative_loss", trained.negative_loss}, {"margin", trained.margin}};
    if (keep_parameters) {
      for (const Parameter& parameter : trained.parameters) {
        content.tensors["parameters/" + parameter.name] = parameter.value;
      }
      for (size_t i = 0; i < trained.along_run.size(); ++i) {
        for (const Parameter& parameter : trained.along_run[i]) {
          content.tensors[AlongRunPrefix(i) + parameter.name] = parameter.value;
        }
      }
    }
    const absl::StatusOr<std::string> bytes = SerializeSafetensors(content);
    if (!bytes.ok()) return bytes.status();
    content.metadata = {{"recipe_digest", recipe_digest_},
                        {"data_digest", data_digest_},
                        {"sha256", Sha256(*bytes)},
                        {"cpu_model", trained.cpu_model},
                        {"cpu_seconds", absl::StrFormat("%.6f", trained.cpu_seconds)},
                        {"reference_kernel_cpu_seconds",
                         absl::StrFormat("%.6f", trained.reference_kernel_cpu_seconds)},
                        {"train_accuracy", absl::StrFormat("%.6f", trained.train_accuracy)},
                        {"test_accuracy", absl::StrFormat("%.6f", trained.test_accuracy)}};
    return WriteSafetensors(path_, content);
  }

  // NotFound if there is no such file. DataLoss if it is damaged, was made by another recipe or
  // from other data, or has a number that is not finite.
  absl::StatusOr<TrainedJob> Read() const {
    absl::StatusOr<Safetensors> content = ReadSafetensors(path_);
    if (absl::IsNotFound(content.status())) return content.status();
    if (!content.ok()) return absl::DataLossError(content.status().message());
    std::map<std::string, std::string> metadata;
    metadata.swap(content->metadata);
    const absl::StatusOr<std::string> bytes = SerializeSafetensors(*content);
    if (!bytes.ok()) return bytes.status();
    if (metadata["sha256"] != Sha256(*bytes))
      return absl::DataLossError(path_ + " is damaged (checksum)");
    if (metadata["recipe_digest"] != recipe_digest_)
      return absl::DataLossError(path_ + " was made by another recipe");
    if (metadata["data_digest"] != data_digest_)
      return absl::DataLossError(path_ + " was made from other data");
    TrainedJob trained;
    trained.cpu_model = metadata["cpu_model"];
    trained.negative_loss = content->tensors["negative_loss"];
    trained.margin = content->tensors["margin"];
    const auto read = [&](const std::string& prefix) {
      Parameters parameters;
      for (const auto& [name, tensor] : content->tensors) {
        if (name.rfind(prefix, 0) == 0) parameters.push_back({name.substr(prefix.size()), tensor});
      }
      return parameters;
    };
    trained.parameters = read("parameters/");
    for (Parameters parameters;
         !(parameters = read(AlongRunPrefix(trained.along_run.size()))).empty();) {
      trained.along_run.push_back(std::move(parameters));
    }
    if (!absl::SimpleAtod(metadata["cpu_seconds"], &trained.cpu_seconds) ||
        !absl::SimpleAtod(metadata["reference_kernel_cpu_seconds"],
                          &trained.reference_kernel_cpu_seconds) ||
        !absl::SimpleAtod(metadata["train_accuracy"], &trained.train_accuracy) ||
        !absl::SimpleAtod(metadata["test_accuracy"], &trained.test_accuracy)) {
      return absl::DataLossError(path_ + " has no costs");
    }
    if (const absl::Status status = CheckFinite(trained); !status.ok())
      return absl::DataLossError(absl::StrCat(path_, ": ", status.message()));
    return trained;
  }

 private:
  static std::string AlongRunPrefix(size_t i) { return absl::StrCat("along_run/", i, "/"); }

  std::string path_;
  std::string recipe_digest_;
  std::string data_digest_;
};

absl::Status TrainMissing(const Setting& setting, const DatasetSplit& data,
                          const std::string& folder, int num_workers,
                          const std::vector<TrainingJob>& jobs) {
  const std::string digest = RecipeDigest(setting);
  std::vector<TrainingJob> missing;
  for (const TrainingJob& job : jobs) {
    const absl::Status status = JobFile(folder, digest, data.digest, job).Read().status();
    if (status.ok()) continue;
    if (!absl::IsNotFound(status)) std::cerr << status.message() << "; training it again\n";
    missing.push_back(job);
  }
  // Subsets first: their files are small and can be committed before the zoo is complete.
  std::stable_partition(missing.begin(), missing.end(),
                        [](const TrainingJob& job) { return job.kind == Kind::kSubset; });
  if (missing.size() < jobs.size()) {
    std::cerr << jobs.size() - missing.size() << " of " << jobs.size()
              << " trainings are there already\n";
  }
  return RunTrainingJobs(setting, data, missing, num_workers,
                         [&](const TrainingJob& job, const TrainedJob& trained) {
                           return JobFile(folder, digest, data.digest, job)
                               .Write(trained, /*keep_parameters=*/job.kind != Kind::kSubset);
                         });
}

TrainingCost& CostOf(Kind kind, Manifest& manifest) {
  switch (kind) {
    case Kind::kFullData:
      return *manifest.mutable_full_data_training();
    case Kind::kHalfData:
      return *manifest.mutable_half_data_training();
    case Kind::kSubset:
      break;
  }
  return *manifest.mutable_subset_training();
}

// Sums up the costs of one kind of training; SumsToMeans divides them by the count.
void AddCost(const TrainedJob& trained, double flops, TrainingCost& cost) {
  cost.set_count(cost.count() + 1);
  cost.set_cpu_seconds(cost.cpu_seconds() + trained.cpu_seconds);
  cost.set_reference_kernel_cpu_seconds(cost.reference_kernel_cpu_seconds() +
                                        trained.reference_kernel_cpu_seconds);
  cost.set_flops(flops);
  cost.set_train_accuracy(cost.train_accuracy() + trained.train_accuracy);
  cost.set_test_accuracy(cost.test_accuracy() + trained.test_accuracy);
}

void SumsToMeans(TrainingCost& cost) {
  if (cost.count() == 0) return;
  cost.set_cpu_seconds(cost.cpu_seconds() / cost.count());
  cost.set_reference_kernel_cpu_seconds(cost.reference_kernel_cpu_seconds() / cost.count());
  cost.set_train_accuracy(cost.train_accuracy() / cost.count());
  cost.set_test_accuracy(cost.test_accuracy() / cost.count());
}

// The CPU model of all trainings; if there are several, each with its number of trainings.
std::string CpuModels(const std::map<std::string, int>& trainings, size_t all) {
  if (trainings.size() == 1) return trainings.begin()->first;
  return absl::StrJoin(trainings, "; ", [all](std::string* out, const auto& model) {
    absl::StrAppend(out, model.first, " (", model.second, " of ", all, " trainings)");
  });
}

// A training's checkpoint, and those along it.
absl::Status WriteCheckpoints(const TrainingJob& job, const TrainedJob& trained, ZooWriter& zoo) {
  absl::Status status = zoo.WriteCheckpoint(job.Name(), trained.parameters);
  for (size_t i = 0; status.ok() && i < trained.along_run.size(); ++i) {
    status = zoo.WriteCheckpoint(absl::StrFormat("run_%02d", i + 1), trained.along_run[i]);
  }
  return status;
}

GroundTruth EmptyGroundTruth(const Setting& setting) {
  const SubsetPlan& plan = setting.subset_plan();
  const at::Tensor outputs =
      at::zeros({plan.num_subsets(), plan.num_seeds(), setting.dataset().num_test()}, at::kFloat);
  return {at::zeros({plan.num_subsets(), setting.dataset().num_train()}, at::kBool), outputs,
          at::zeros_like(outputs)};
}

void Record(const TrainingJob& job, const TrainedJob& trained, GroundTruth& truth) {
  truth.subsets[job.index].index_fill_(0, at::tensor(job.examples, at::kLong), true);
  truth.negative_loss[job.index][job.repetition].copy_(trained.negative_loss);
  truth.margin[job.index][job.repetition].copy_(trained.margin);
}

absl::Status Assemble(const Setting& setting, const std::string& data_digest,
                      const std::string& folder, const std::vector<TrainingJob>& jobs) {
  const absl::StatusOr<std::unique_ptr<Model>> model = MakeModel(setting.model());
  if (!model.ok()) return model.status();
  ZooWriter zoo(setting, data_digest, folder);
  GroundTruth truth = EmptyGroundTruth(setting);
  std::map<std::string, int> cpu_models;
  for (const TrainingJob& job : jobs) {
    const absl::StatusOr<TrainedJob> trained =
        JobFile(folder, zoo.manifest().recipe_digest(), data_digest, job).Read();
    if (!trained.ok()) return trained.status();
    ++cpu_models[trained->cpu_model];
    const int64_t num_examples = static_cast<int64_t>(job.examples.size());
    AddCost(*trained, TrainingFlops(**model, setting.recipe(), num_examples),
            CostOf(job.kind, zoo.manifest()));
    if (job.kind == Kind::kSubset) {
      Record(job, *trained, truth);
      continue;
    }
    const absl::Status status = WriteCheckpoints(job, *trained, zoo);
    if (!status.ok()) return status;
  }
  if (const absl::Status status = zoo.WriteGroundTruth(truth); !status.ok()) return status;
  zoo.manifest().mutable_environment()->set_cpu_model(CpuModels(cpu_models, jobs.size()));
  for (const Kind kind : {Kind::kFullData, Kind::kHalfData, Kind::kSubset}) {
    SumsToMeans(CostOf(kind, zoo.manifest()));
  }
  return zoo.WriteManifest();
}

absl::Status CheckWorkers(int num_workers) {
  if (num_workers >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("workers is ", num_workers, ", must be at least 1"));
}

// True if the folder has the complete zoo. Reports on standard error that it is complete, or why it
// must be made again. An error if the folder has a zoo that is not to be overwritten: one made by
// another recipe or from other data.
absl::StatusOr<bool> IsComplete(const Setting& setting, const DatasetSplit& data,
                                const std::string& folder) {
  const absl::StatusOr<Zoo> zoo = Zoo::Open(folder, setting);
  if (absl::IsNotFound(zoo.status())) return false;
  absl::Status status = zoo.status();
  if (status.ok()) status = zoo->CheckData(data);
  if (absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status)) return status;
  if (status.ok()) status = zoo->Verify();
  if (status.ok()) {
    std::cerr << "the zoo in " << folder << " is complete\n";
  } else {
    std::cerr << status.message() << "; making the zoo again\n";
  }
  return status.ok();
}

}  // namespace

absl::StatusOr<TrainedJob> RunTrainingJob(const Setting& setting, const DatasetSplit& data,
                                          const TrainingJob& job) {
  at::set_num_threads(1);
  const absl::StatusOr<std::unique_ptr<Model>> model = MakeModel(setting.model());
  if (!model.ok()) return model.status();
  TrainedJob trained;
  const int64_t epochs = setting.recipe().epochs();
  const bool keep_run = job.kind == Kind::kFullData && job.index == 0;
  const int64_t along_run = keep_run ? setting.checkpoints().num_along_run() : 0;
  // The parameters as a checkpoint's file holds them.
  const auto rounded = [&](const Parameters& parameters) {
    Parameters copy = parameters;
    const bool half = setting.checkpoints().precision() == FLOAT16;
    for (Parameter& parameter : copy) {
      parameter.value = parameter.value.detach().clone();
      if (half) parameter.value = parameter.value.to(at::kHalf).to(at::kFloat);
    }
    return copy;
  };
  const auto keep = [&](int64_t epoch, const Parameters& parameters) {
    if (along_run == 0 || epoch == epochs || epoch % (epochs / along_run) != 0) return;
    trained.along_run.insert(trained.along_run.begin(), rounded(parameters));
  };
  static const double reference_kernel = ReferenceKernelCpuSeconds();  // once in a program
  trained.reference_kernel_cpu_seconds = reference_kernel;
  const double start = ThreadCpuSeconds();
  absl::StatusOr<Parameters> parameters =
      Train(**model, data.train, job.examples, setting.recipe(), job.seed, keep);
  if (!parameters.ok()) return parameters.status();
  trained.cpu_seconds = ThreadCpuSeconds() - start;
  trained.cpu_model = DescribeEnvironment().cpu_model();
  trained.parameters = job.kind == Kind::kSubset ? *std::move(parameters) : rounded(*parameters);
  trained.train_accuracy =
      Accuracy(**model, trained.parameters, data.train.Rows(at::tensor(job.examples, at::kLong)));
  trained.test_accuracy = Accuracy(**model, trained.parameters, data.test);
  const ModelOutputs outputs = OutputsOfLogits(
      EvaluateLogits(**model, trained.parameters, data.test.inputs), data.test.labels);
  trained.negative_loss = outputs.negative_loss.to(at::kFloat);
  trained.margin = outputs.margin.to(at::kFloat);
  if (const absl::Status status = CheckFinite(trained); !status.ok()) {
    return absl::InternalError(absl::StrCat("after the last epoch (", epochs, "), ",
                                            status.message(), "; lower recipe.learning_rate (",
                                            setting.recipe().learning_rate(), ")"));
  }
  return trained;
}

absl::Status RunTrainingJobs(const Setting& setting, const DatasetSplit& data,
                             const std::vector<TrainingJob>& jobs, int num_workers,
                             const TrainedJobSink& sink) {
  if (const absl::Status status = CheckWorkers(num_workers); !status.ok()) return status;
  KeepFreedMemory();
  ProgressBar bar(absl::StrCat("training ", setting.name()), static_cast<int64_t>(jobs.size()));
  std::atomic<size_t> next{0};
  absl::Mutex mutex;
  absl::Status first_error;
  const auto work = [&] {
    for (size_t i; (i = next++) < jobs.size();) {
      const absl::StatusOr<TrainedJob> trained = RunTrainingJob(setting, data, jobs[i]);
      const absl::Status status = trained.ok() ? sink(jobs[i], *trained) : trained.status();
      if (!status.ok()) {
        absl::MutexLock lock(&mutex);
        if (first_error.ok())
          first_error =
              absl::Status(status.code(), absl::StrCat(jobs[i].Name(), ": ", status.message()));
        next = jobs.size();
        return;
      }
      bar.Advance();
    }
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < num_workers; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  return first_error;
}

Agreement CompareWithGroundTruth(const TrainingJob& job, const TrainedJob& trained,
                                 const GroundTruth& truth) {
  // Ranks along the last dimension, scaled to mean 0 and norm 1: their dot product is the rank
  // correlation.
  const auto ranks = [](const at::Tensor& losses) {
    const at::Tensor centred =
        losses.argsort().argsort().to(at::kDouble) - 0.5 * (losses.size(-1) - 1);
    return centred.div(centred.norm(2, {-1}, /*keepdim=*/true));
  };
  const at::Tensor committed = ranks(truth.negative_loss[job.index][job.repetition]);
  at::Tensor others = at::matmul(ranks(truth.negative_loss), committed);  // [subsets, seeds]
  others[job.index][job.repetition].fill_(0);
  return {at::equal(trained.negative_loss, truth.negative_loss[job.index][job.repetition]) &&
              at::equal(trained.margin, truth.margin[job.index][job.repetition]),
          ranks(trained.negative_loss).dot(committed).item<double>(), others.max().item<double>()};
}

absl::Status MakeZoo(const Setting& setting, const DatasetSplit& data, const std::string& folder,
                     int num_workers) {
  if (const absl::Status status = CheckWorkers(num_workers); !status.ok()) return status;
  const absl::StatusOr<bool> complete = IsComplete(setting, data, folder);
  if (!complete.ok() || *complete) return complete.status();
  const auto lock = WorkLock::Take(JobsFolder(folder), WorkLock::Kind::kAlone, kProgram);
  if (!lock.ok()) return lock.status();
  const std::vector<TrainingJob> jobs = TrainingJobs(setting);
  absl::Status status = TrainMissing(setting, data, folder, num_workers, jobs);
  if (status.ok()) status = Assemble(setting, data.digest, folder, jobs);
  if (!status.ok()) return status;
  std::error_code ignored;
  std::filesystem::remove_all(JobsFolder(folder), ignored);
  return absl::OkStatus();
}

absl::StatusOr<Shard> ParseShard(const std::string& text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  Shard shard;
  if (!absl::SimpleAtoi(parts.first, &shard.index) ||
      !absl::SimpleAtoi(parts.second, &shard.count) || shard.index < 0 ||
      shard.index >= shard.count) {
    return absl::InvalidArgumentError(
        absl::StrCat("shard is '", text, "', must be I/N with I from 0 to N - 1, for example 0/8"));
  }
  return shard;
}

absl::Status TrainShard(const Setting& setting, const DatasetSplit& data, const std::string& folder,
                        int num_workers, const Shard& shard) {
  if (const absl::Status status = CheckWorkers(num_workers); !status.ok()) return status;
  const absl::StatusOr<bool> complete = IsComplete(setting, data, folder);
  if (!complete.ok() || *complete) return complete.status();
  const auto lock = WorkLock::Take(JobsFolder(folder), WorkLock::Kind::kTogether, kProgram);
  if (!lock.ok()) return lock.status();
  const std::vector<TrainingJob> all = TrainingJobs(setting);
  std::vector<TrainingJob> jobs;
  for (size_t i = shard.index; i < all.size(); i += shard.count) jobs.push_back(all[i]);
  return TrainMissing(setting, data, folder, num_workers, jobs);
}

}  // namespace attribench
