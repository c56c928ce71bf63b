// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/zoo.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "datasets/formats/safetensors.h"
#include "datasets/models/model_factory.h"
#include "datasets/settings/setting.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"
#include "datasets/zoo/subset_plan.h"

namespace attribench {
namespace {

// "[64, 8]"
std::string ShapeOf(const at::Tensor& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.sizes(), ", "), "]");
}

// DataLoss if `value` has another shape than `like`. The message starts with `what`.
absl::Status CheckShape(const at::Tensor& value, const at::Tensor& like, const std::string& what) {
  if (value.sizes() == like.sizes()) return absl::OkStatus();
  const bool transposed = value.dim() == 2 && value.t().sizes() == like.sizes();
  return absl::DataLossError(absl::StrCat(what, " is ", ShapeOf(value), ", must be ", ShapeOf(like),
                                          transposed ? ": it is transposed" : ""));
}

// The same, also if `value` has another type.
absl::Status CheckTensor(const at::Tensor& value, const at::Tensor& like, const std::string& what) {
  if (const absl::Status status = CheckShape(value, like, what); !status.ok()) return status;
  if (value.scalar_type() == like.scalar_type()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(what, " has type ", c10::toString(value.scalar_type()),
                                          ", must have ", c10::toString(like.scalar_type())));
}

// DataLoss if the file has other parameters than the model.
absl::Status CheckNames(const Safetensors& content, const Parameters& parameters,
                        const std::string& path) {
  std::set<std::string> names, expected;
  for (const auto& [name, tensor] : content.tensors) names.insert(name);
  for (const auto& [name, type] : content.other_types) names.insert(name);
  for (const Parameter& parameter : parameters) expected.insert(parameter.name);
  if (names == expected) return absl::OkStatus();
  constexpr absl::string_view kWrapper = "module.";  // PyTorch's DataParallel adds it
  for (const std::string& name : names) {
    if (absl::StartsWith(name, kWrapper) && expected.count(name.substr(kWrapper.size())) > 0) {
      return absl::DataLossError(absl::StrCat(path, ": parameter ", name, " must be named ",
                                              name.substr(kWrapper.size()), ": remove the prefix ",
                                              kWrapper, " from the names"));
    }
  }
  for (const std::string& name : expected) {
    if (names.count(name) > 0) continue;
    return absl::DataLossError(absl::StrCat(
        path, ": parameter ", name, " is missing; the file has ", absl::StrJoin(names, ", ")));
  }
  for (const std::string& name : names) {
    if (expected.count(name) > 0) continue;
    return absl::DataLossError(absl::StrCat(path, ": the model has no parameter ", name,
                                            "; it has ", absl::StrJoin(expected, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace

std::string CheckpointPath(const std::string& job_name) {
  return absl::StrCat("checkpoints/", job_name, ".safetensors");
}

absl::StatusOr<Zoo> Zoo::Open(const std::string& folder, const Setting& setting) {
  Zoo zoo;
  zoo.folder_ = folder;
  zoo.setting_ = setting;
  const std::string path = absl::StrCat(folder, "/", kManifestPath);
  const absl::Status read = ReadTextProto(path, &zoo.manifest_);
  if (absl::IsNotFound(read)) {
    std::error_code error;
    return absl::NotFoundError(absl::StrCat(
        "no zoo in ", std::filesystem::absolute(folder, error).string(), " (no ", kManifestPath,
        setting.imported() ? "); make it with: bazel run //:import_zoo"
                           : "); make it with: bazel run //:retrain -- --setting=",
        setting.imported() ? "" : setting.name()));
  }
  if (!read.ok()) return read;
  if (zoo.manifest_.recipe_digest() != RecipeDigest(setting)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the zoo in ", folder, " was made by another recipe than that of setting ", setting.name(),
        ": its digest is ", zoo.manifest_.recipe_digest(), ", the setting's is ",
        RecipeDigest(setting), "; remove the folder and make the zoo again with: bazel run ",
        setting.imported() ? "//:import_zoo"
                           : absl::StrCat("//:retrain -- --setting=", setting.name())));
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

absl::StatusOr<Parameters> ParseCheckpoint(const std::string& bytes, const std::string& path,
                                           const ModelSpec& spec) {
  const absl::StatusOr<Safetensors> content = ParseSafetensors(bytes, path);
  if (!content.ok()) return content.status();
  const absl::StatusOr<std::unique_ptr<Model>> model = MakeModel(spec);
  if (!model.ok()) return model.status();
  // The file stores parameters by name. The model gives their names and order.
  RandomStream unused(0, "parameter names");
  Parameters parameters = (*model)->Initialise(unused);
  if (const absl::Status status = CheckNames(*content, parameters, path); !status.ok())
    return status;
  for (Parameter& parameter : parameters) {
    const absl::StatusOr<at::Tensor> value = FindTensor(*content, parameter.name, path);
    if (!value.ok()) return value.status();
    const absl::Status status =
        CheckShape(*value, parameter.value, absl::StrCat(path, ": parameter ", parameter.name));
    if (!status.ok()) return status;
    parameter.value = value->to(at::kFloat);
  }
  const absl::Status status = CheckFinite(parameters);
  if (!status.ok()) return absl::DataLossError(absl::StrCat(path, ": ", status.message()));
  return parameters;
}

absl::StatusOr<Parameters> Zoo::ReadCheckpoint(const std::string& path) const {
  const absl::StatusOr<std::string> bytes = ReadChecked(path);
  if (!bytes.ok()) return bytes.status();
  return ParseCheckpoint(*bytes, absl::StrCat(folder_, "/", path), setting_.model());
}

absl::StatusOr<Parameters> Zoo::Checkpoint(int64_t count, const std::string& kind,
                                           int64_t index) const {
  if (const absl::Status status = CheckIndex(count, kind, index); !status.ok()) return status;
  return ReadCheckpoint(CheckpointPath(absl::StrFormat("%s_%02d", kind, index)));
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
  if (setting_.imported()) {
    const absl::StatusOr<at::Tensor> all = ReadHalfDataExamples();
    if (!all.ok()) return all.status();
    return (*all)[index];
  }
  const int64_t n = setting_.dataset().num_train();
  at::Tensor examples = at::zeros({n}, at::kBool);
  examples.index_fill_(
      0, at::tensor(attribench::HalfDataExamples(setting_.checkpoints(), n, index), at::kLong),
      true);
  return examples;
}

absl::StatusOr<at::Tensor> Zoo::ReadHalfDataExamples() const {
  const absl::StatusOr<std::string> bytes = ReadChecked(kHalfDataExamplesPath);
  if (!bytes.ok()) return bytes.status();
  const std::string path = absl::StrCat(folder_, "/", kHalfDataExamplesPath);
  const absl::StatusOr<Safetensors> content = ParseSafetensors(*bytes, path);
  if (!content.ok()) return content.status();
  absl::StatusOr<at::Tensor> examples = FindTensor(*content, "subsets", path);
  if (!examples.ok()) return absl::DataLossError(examples.status().message());
  const at::Tensor like = at::empty(
      {setting_.checkpoints().num_half_data(), setting_.dataset().num_train()}, at::kBool);
  if (const absl::Status status = CheckTensor(*examples, like, absl::StrCat(path, ": subsets"));
      !status.ok()) {
    return status;
  }
  return examples;
}

absl::StatusOr<Parameters> Zoo::AlongRunCheckpoint(int64_t index) const {
  const int64_t count = setting_.checkpoints().num_along_run();
  return index == 0 && count > 0 ? FullDataCheckpoint(0) : Checkpoint(count, "run", index);
}

absl::StatusOr<GroundTruth> Zoo::ReadGroundTruth() const {
  const absl::StatusOr<std::string> bytes = ReadChecked(kGroundTruthPath);
  if (!bytes.ok()) return bytes.status();
  const std::string path = absl::StrCat(folder_, "/", kGroundTruthPath);
  const absl::StatusOr<Safetensors> content = ParseSafetensors(*bytes, path);
  if (!content.ok()) return content.status();
  const int64_t m = setting_.subset_plan().num_subsets();
  const int64_t s = setting_.subset_plan().num_seeds();
  const at::Tensor outputs = at::empty({m, s, setting_.dataset().num_test()}, at::kFloat);
  GroundTruth truth;
  const std::tuple<const char*, at::Tensor*, at::Tensor> parts[] = {
      {"subsets", &truth.subsets, at::empty({m, setting_.dataset().num_train()}, at::kBool)},
      {"negative_loss", &truth.negative_loss, outputs},
      {"margin", &truth.margin, outputs},
  };
  for (const auto& [name, tensor, like] : parts) {
    absl::StatusOr<at::Tensor> found = FindTensor(*content, name, path);
    const bool is_optional = setting_.imported() && tensor == &truth.margin;
    if (is_optional && absl::IsNotFound(found.status())) continue;
    if (!found.ok()) return absl::DataLossError(found.status().message());
    *tensor = *std::move(found);
    const absl::Status status = CheckTensor(*tensor, like, absl::StrCat(path, ": ", name));
    if (!status.ok()) return status;
  }
  for (const auto& [name, values] :
       {std::pair("negative_loss", truth.negative_loss), std::pair("margin", truth.margin)}) {
    if (!values.defined()) continue;
    const at::Tensor bad = values.isfinite().logical_not().nonzero();
    if (bad.size(0) == 0) continue;
    const auto at = [&, &first = bad](int64_t i) { return first[0][i].item<int64_t>(); };
    return absl::DataLossError(
        absl::StrCat(path, ": ", name, " is ", values[at(0)][at(1)][at(2)].item<float>(),
                     " for subset ", at(0), ", seed ", at(1), ", test example ", at(2),
                     ", must be finite (", bad.size(0), " of ", values.numel(), " are not)"));
  }
  return truth;
}

absl::Status Zoo::CheckData(const DatasetSplit& data) const {
  if (data.digest == manifest_.data_digest()) return absl::OkStatus();
  const std::string manifest = absl::StrCat(folder_, "/", kManifestPath);
  if (manifest_.data_digest().empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        manifest,
        " has no data_digest, so nobody knows which examples the zoo was made from; if "
        "these are the examples, add the line data_digest: \"",
        data.digest, "\""));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the zoo in ", folder_, " was made from other examples: their sha256 is ",
      manifest_.data_digest(), " (data_digest in ", manifest, "), that of these examples is ",
      data.digest, "; give the right --data_root, or another folder for a zoo of these examples"));
}

absl::Status Zoo::Verify() const {
  const CheckpointPlan& plan = setting_.checkpoints();
  const bool has_halves = setting_.imported() && plan.num_half_data() > 0;
  std::set<std::string> checkpoints;
  for (const auto& [kind, first, end] : {std::tuple("full", int64_t{0}, plan.num_full_data()),
                                         std::tuple("half", int64_t{0}, plan.num_half_data()),
                                         std::tuple("run", int64_t{1}, plan.num_along_run())}) {
    for (int64_t i = first; i < end; ++i)
      checkpoints.insert(CheckpointPath(absl::StrFormat("%s_%02d", kind, i)));
  }
  for (const Manifest::File& file : manifest_.files()) {
    if (file.path() == kGroundTruthPath) continue;
    if (has_halves && file.path() == kHalfDataExamplesPath) continue;
    if (checkpoints.erase(file.path()) == 0) {
      return absl::DataLossError(absl::StrCat(folder_, "/", kManifestPath, " lists ", file.path(),
                                              ", which setting ", setting_.name(),
                                              " does not give, or lists it twice"));
    }
    if (const auto read = ReadCheckpoint(file.path()); !read.ok()) return read.status();
  }
  if (!checkpoints.empty()) {
    return absl::DataLossError(
        absl::StrCat(folder_, "/", kManifestPath, " does not list ", *checkpoints.begin()));
  }
  if (has_halves) {
    if (const auto read = ReadHalfDataExamples(); !read.ok()) return read.status();
  }
  return ReadGroundTruth().status();
}

}  // namespace attribench
