// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/zoo.h"

#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "datasets/formats/safetensors.h"
#include "datasets/models/model_factory.h"
#include "datasets/settings/setting.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"
#include "datasets/zoo/subset_plan.h"

namespace attribench {

std::string CheckpointPath(const std::string& job_name) {
  return absl::StrCat("checkpoints/", job_name, ".safetensors");
}

absl::StatusOr<Zoo> Zoo::Open(const std::string& folder, const Setting& setting) {
  Zoo zoo;
  zoo.folder_ = folder;
  zoo.setting_ = setting;
  const std::string path = absl::StrCat(folder, "/", kManifestPath);
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) {
    return absl::NotFoundError(
        absl::StrCat("no zoo in ", folder, " (no ", kManifestPath,
                     "); make it with: bazel run //:retrain -- --setting=", setting.name()));
  }
  if (const absl::Status status = ParseTextProto(*text, path, &zoo.manifest_); !status.ok())
    return status;
  if (zoo.manifest_.recipe_digest() != RecipeDigest(setting)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the zoo in ", folder, " was made by another recipe than that of setting ",
                     setting.name(), ": its digest is ", zoo.manifest_.recipe_digest(),
                     ", the setting's is ", RecipeDigest(setting),
                     "; make it again with: bazel run //:retrain -- --setting=", setting.name()));
  }
  return zoo;
}

absl::StatusOr<std::string> Zoo::ReadChecked(const std::string& path) const {
  const std::string full_path = absl::StrCat(folder_, "/", path);
  absl::StatusOr<std::string> bytes = ReadWholeFile(full_path);
  if (!bytes.ok()) return bytes.status();
  for (const Manifest::File& file : manifest_.files()) {
    if (file.path() != path) continue;
    const std::string sum = Sha256(*bytes);
    if (sum == file.sha256()) return bytes;
    return absl::DataLossError(absl::StrCat(full_path, " is damaged: its sha256 is ", sum,
                                            ", must be ", file.sha256(), " as in the manifest"));
  }
  return absl::DataLossError(absl::StrCat(full_path, " is not in the manifest"));
}

absl::Status Zoo::CheckIndex(int64_t count, const std::string& kind, int64_t index) const {
  if (index >= 0 && index < count) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrFormat("checkpoint %s_%02d: the zoo of %s has %d of that kind, numbered from 0",
                      kind, index, setting_.name(), count));
}

absl::StatusOr<Parameters> Zoo::Checkpoint(int64_t count, const std::string& kind,
                                           int64_t index) const {
  if (const absl::Status status = CheckIndex(count, kind, index); !status.ok()) return status;
  const std::string path = CheckpointPath(absl::StrFormat("%s_%02d", kind, index));
  const absl::StatusOr<std::string> bytes = ReadChecked(path);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Safetensors> content = ParseSafetensors(*bytes, path);
  if (!content.ok()) return content.status();
  const absl::StatusOr<std::unique_ptr<Model>> model = MakeModel(setting_.model());
  if (!model.ok()) return model.status();
  // The file stores parameters by name. The model gives their names and order.
  RandomStream unused(0, "parameter names");
  Parameters parameters = (*model)->Initialise(unused);
  for (Parameter& parameter : parameters) {
    const auto found = content->tensors.find(parameter.name);
    if (found == content->tensors.end() || found->second.sizes() != parameter.value.sizes()) {
      return absl::DataLossError(
          absl::StrCat(path, ": parameter ", parameter.name, " is missing or has another shape"));
    }
    parameter.value = found->second.to(at::kFloat);
  }
  return parameters;
}

absl::StatusOr<Parameters> Zoo::FullDataCheckpoint(int64_t index) const {
  return Checkpoint(manifest_.full_data_training().count(), "full", index);
}

absl::StatusOr<Parameters> Zoo::HalfDataCheckpoint(int64_t index) const {
  return Checkpoint(manifest_.half_data_training().count(), "half", index);
}

absl::StatusOr<at::Tensor> Zoo::HalfDataExamples(int64_t index) const {
  const absl::Status status = CheckIndex(manifest_.half_data_training().count(), "half", index);
  if (!status.ok()) return status;
  const int64_t n = setting_.dataset().num_train();
  at::Tensor examples = at::zeros({n}, at::kBool);
  examples.index_fill_(
      0, at::tensor(attribench::HalfDataExamples(setting_.checkpoints(), n, index), at::kLong),
      true);
  return examples;
}

absl::StatusOr<Parameters> Zoo::AlongRunCheckpoint(int64_t index) const {
  const int64_t count = setting_.checkpoints().num_along_run();
  return index == 0 && count > 0 ? FullDataCheckpoint(0) : Checkpoint(count, "run", index);
}

absl::StatusOr<GroundTruth> Zoo::ReadGroundTruth() const {
  const absl::StatusOr<std::string> bytes = ReadChecked(kGroundTruthPath);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Safetensors> content = ParseSafetensors(*bytes, kGroundTruthPath);
  if (!content.ok()) return content.status();
  const int64_t m = setting_.subset_plan().num_subsets();
  const int64_t s = setting_.subset_plan().num_seeds();
  const std::vector<int64_t> subset_shape = {m, setting_.dataset().num_train()};
  const std::vector<int64_t> output_shape = {m, s, setting_.dataset().num_test()};
  GroundTruth truth = {content->tensors["subsets"], content->tensors["negative_loss"],
                       content->tensors["margin"]};
  if (!truth.subsets.defined() || !truth.negative_loss.defined() || !truth.margin.defined() ||
      truth.subsets.sizes() != subset_shape || truth.negative_loss.sizes() != output_shape ||
      truth.margin.sizes() != output_shape) {
    return absl::DataLossError(
        absl::StrCat(folder_, "/", kGroundTruthPath,
                     ": a tensor is missing or has another shape than the setting gives"));
  }
  return truth;
}

absl::Status Zoo::Verify() const {
  for (const Manifest::File& file : manifest_.files()) {
    if (const auto bytes = ReadChecked(file.path()); !bytes.ok()) return bytes.status();
  }
  return absl::OkStatus();
}

}  // namespace attribench
