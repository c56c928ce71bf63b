// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/imported_zoo.h"

#include <filesystem>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "datasets/formats/safetensors.h"
#include "datasets/whole_file.h"
#include "datasets/zoo/zoo_writer.h"

namespace attribench {
namespace {

constexpr char kNotStated[] = "not stated";

absl::Status Wrong(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

std::string ShapeOf(const at::Tensor& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.sizes(), ", "), "]");
}

// The tensor of that name, or the only one.
absl::StatusOr<at::Tensor> ReadOne(const std::string& path, const std::string& name) {
  const absl::StatusOr<Safetensors> content = ReadSafetensors(path);
  if (!content.ok()) return content.status();
  const bool is_alone = content->tensors.size() == 1 && content->other_types.empty();
  return FindTensor(*content, is_alone ? content->tensors.begin()->first : name, path);
}

// Members [subsets, train] bool from numbers of examples [subsets, size].
absl::StatusOr<at::Tensor> FromNumbers(const std::string& path, const at::Tensor& numbers,
                                       int64_t num_train) {
  const at::Tensor sorted = std::get<0>(numbers.to(at::kLong).sort(1));
  const at::Tensor outside = sorted.lt(0).logical_or(sorted.ge(num_train));
  if (outside.any().item<bool>()) {
    const at::Tensor place = outside.nonzero()[0];
    return Wrong(path, absl::StrCat("subset ", place[0].item<int64_t>(), " has the example ",
                                    sorted[place[0]][place[1]].item<int64_t>(),
                                    ", must be from 0 to ", num_train - 1));
  }
  const at::Tensor twice = sorted.slice(1, 1).eq(sorted.slice(1, 0, -1));
  if (twice.any().item<bool>()) {
    const at::Tensor place = twice.nonzero()[0];
    return Wrong(path, absl::StrCat("subset ", place[0].item<int64_t>(), " has the example ",
                                    sorted[place[0]][place[1]].item<int64_t>(), " twice"));
  }
  return at::zeros({sorted.size(0), num_train}, at::kBool).scatter_(1, sorted, true);
}

// m subsets of n training examples, [m, n] bool.
absl::StatusOr<at::Tensor> ImportSubsets(const std::string& path, int64_t m, int64_t n) {
  const absl::StatusOr<at::Tensor> read = ReadOne(path, "subsets");
  if (!read.ok()) return read.status();
  const auto type = read->scalar_type();
  const bool are_members = type == at::kBool || type == at::kByte;
  const std::string wanted =
      absl::StrCat("[", m, " subsets, ", n, " train] of BOOL, or numbers of examples [", m,
                   " subsets, size] of I64");
  if (read->dim() != 2 || read->size(0) != m || (are_members && read->size(1) != n) ||
      (!are_members && type != at::kInt && type != at::kLong)) {
    const bool transposed = read->dim() == 2 && read->size(0) == n && read->size(1) == m;
    return Wrong(path, absl::StrCat("subsets are ", ShapeOf(*read), " of ", c10::toString(type),
                                    transposed ? ", the transpose of " : ", must be ", wanted));
  }
  absl::StatusOr<at::Tensor> members =
      are_members ? absl::StatusOr<at::Tensor>(read->to(at::kBool)) : FromNumbers(path, *read, n);
  if (!members.ok()) return members;
  const at::Tensor sizes = members->sum(1);
  for (int64_t i = 0; i < m; ++i) {
    const auto size = sizes[i].item<int64_t>();
    if (size >= 1 && size < n) continue;
    return Wrong(path, absl::StrCat("subset ", i, " has ", size, " of the ", n,
                                    " training examples, must have from 1 to ", n - 1));
  }
  return members;
}

absl::StatusOr<at::Tensor> ImportOutputs(const Setting& setting, const std::string& path,
                                         const std::string& name) {
  absl::StatusOr<at::Tensor> outputs = ReadOne(path, name);
  if (!outputs.ok()) return outputs;
  const int64_t m = setting.subset_plan().num_subsets(), s = setting.subset_plan().num_seeds(),
                t = setting.dataset().num_test();
  const auto type = outputs->scalar_type();
  if (outputs->dim() == 2 && s == 1) *outputs = outputs->unsqueeze(1);
  const std::vector<int64_t> wanted = {m, s, t}, turned = {t, s, m};
  if (!at::isFloatingType(type) || outputs->sizes() != wanted) {
    return Wrong(
        path, absl::StrCat(name, " are ", ShapeOf(*outputs), " of ", c10::toString(type),
                           outputs->sizes() == turned ? ", the transpose of [" : ", must be [", m,
                           " subsets, ", s, " seeds, ", t, " test] of F32"));
  }
  const at::Tensor bad = outputs->isfinite().logical_not().nonzero();
  if (bad.size(0) > 0) {
    const auto at = [&, &first = bad](int64_t i) { return first[0][i].item<int64_t>(); };
    return Wrong(path, absl::StrCat(name, " are not finite for subset ", at(0), ", seed ", at(1),
                                    ", test example ", at(2), " (", bad.size(0), " of ",
                                    outputs->numel(), ")"));
  }
  return outputs->to(at::kFloat).contiguous();
}

// As many checkpoints as `field` of the setting says.
absl::StatusOr<std::vector<Parameters>> ImportCheckpoints(const Setting& setting,
                                                          const std::vector<std::string>& paths,
                                                          const std::string& field, int64_t count) {
  if (static_cast<int64_t>(paths.size()) != count) {
    return absl::InvalidArgumentError(absl::StrCat("there are ", paths.size(), " checkpoints; ",
                                                   field, " of setting ", setting.name(), " is ",
                                                   count));
  }
  std::vector<Parameters> checkpoints;
  for (const std::string& path : paths) {
    const absl::StatusOr<std::string> bytes = ReadWholeFile(path);
    if (!bytes.ok()) return bytes.status();
    absl::StatusOr<Parameters> parameters = ParseCheckpoint(*bytes, path, setting.model());
    if (!parameters.ok()) return parameters.status();
    checkpoints.push_back(*std::move(parameters));
  }
  return checkpoints;
}

absl::Status WriteCheckpoints(const std::string& kind, const std::vector<Parameters>& checkpoints,
                              ZooWriter& zoo) {
  for (size_t i = 0; i < checkpoints.size(); ++i) {
    const absl::Status status =
        zoo.WriteCheckpoint(absl::StrFormat("%s_%02d", kind, i), checkpoints[i]);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

TrainingCost CostOf(const TrainingCost& one, int64_t count) {
  TrainingCost cost = one;
  cost.set_count(count);
  return cost;
}

}  // namespace

absl::StatusOr<GroundTruth> ImportGroundTruth(const Setting& setting, const ImportedFiles& files) {
  GroundTruth truth;
  absl::StatusOr<at::Tensor> tensor = ImportSubsets(
      files.subsets, setting.subset_plan().num_subsets(), setting.dataset().num_train());
  if (!tensor.ok()) return tensor.status();
  truth.subsets = *std::move(tensor);
  tensor = ImportOutputs(setting, files.outputs, "outputs");
  if (!tensor.ok()) return tensor.status();
  truth.negative_loss = *std::move(tensor);
  if (files.margins.empty()) return truth;
  tensor = ImportOutputs(setting, files.margins, "margins");
  if (!tensor.ok()) return tensor.status();
  truth.margin = *std::move(tensor);
  return truth;
}

absl::Status ImportZoo(const Setting& setting, const ImportedFiles& files,
                       const std::string& folder) {
  if (!setting.imported()) {
    return absl::FailedPreconditionError(
        absl::StrCat("setting ", setting.name(), " does not say imported: true"));
  }
  if (std::filesystem::exists(absl::StrCat(folder, "/", kManifestPath))) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a zoo in ", folder, " already; remove it or name another folder"));
  }
  const absl::StatusOr<GroundTruth> truth = ImportGroundTruth(setting, files);
  if (!truth.ok()) return truth.status();
  const CheckpointPlan& plan = setting.checkpoints();
  const auto full = ImportCheckpoints(setting, files.checkpoints, "checkpoints.num_full_data",
                                      plan.num_full_data());
  if (!full.ok()) return full.status();
  const auto half = ImportCheckpoints(setting, files.half_data_checkpoints,
                                      "checkpoints.num_half_data", plan.num_half_data());
  if (!half.ok()) return half.status();
  absl::StatusOr<at::Tensor> half_examples = at::Tensor();
  if (!half->empty()) {
    half_examples =
        ImportSubsets(files.half_data_subsets, plan.num_half_data(), setting.dataset().num_train());
    if (!half_examples.ok()) return half_examples.status();
  }
  ZooWriter zoo(setting, files.data_digest, folder);
  Environment& environment = *zoo.manifest().mutable_environment();
  environment.set_cpu_model(kNotStated);
  environment.set_cpu_capability(kNotStated);
  environment.set_torch_version(kNotStated);
  environment.set_compiler(kNotStated);
  if (absl::Status status = WriteCheckpoints("full", *full, zoo); !status.ok()) return status;
  if (absl::Status status = WriteCheckpoints("half", *half, zoo); !status.ok()) return status;
  if (half_examples->defined()) {
    if (absl::Status status = zoo.WriteHalfDataExamples(*half_examples); !status.ok())
      return status;
  }
  if (absl::Status status = zoo.WriteGroundTruth(*truth); !status.ok()) return status;
  *zoo.manifest().mutable_full_data_training() =
      CostOf(files.training, static_cast<int64_t>(full->size()));
  *zoo.manifest().mutable_half_data_training() =
      CostOf(files.training, static_cast<int64_t>(half->size()));
  *zoo.manifest().mutable_subset_training() =
      CostOf(files.training, truth->num_subsets() * truth->num_seeds());
  return zoo.WriteManifest();
}

}  // namespace attribench
