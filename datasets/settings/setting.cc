// SPDX-License-Identifier: Apache-2.0
#include "datasets/settings/setting.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/project_path.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"
#include "datasets/working_directory.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace attribench {
namespace {

constexpr char kFolder[] = "datasets/settings";
constexpr char kSuffix[] = ".textproto";

std::vector<std::string> KnownSettings() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(ProjectPath(kFolder), error)) {
    if (entry.path().extension() == kSuffix) names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// One number of a setting, and whether it is within its bound.
struct Check {
  const char* field;
  double value;
  bool ok;
  const char* bound;
};
using Checks = std::vector<Check>;

constexpr double kMaxCount = 1e9;

Check Count(const char* field, double value, double least) {
  return {field, value, value >= least && value <= kMaxCount,
          least > 0 ? "at least 1 and at most 1e9" : "from 0 to 1e9"};
}

Check NumClasses(const char* field, double value) {
  return {field, value, value >= 2 && value <= kMaxCount, "at least 2 and at most 1e9"};
}

void AddDataset(const DatasetSource& data, Checks& checks) {
  checks.push_back(Count("dataset.num_train", data.num_train(), 1));
  checks.push_back(Count("dataset.num_test", data.num_test(), 1));
  const double deviation = data.standard_deviation();
  checks.push_back({"dataset.standard_deviation", deviation, deviation > 0, "above 0"});
  checks.push_back({"dataset.mean", data.mean(), std::isfinite(data.mean()), "finite"});
}

void AddRecipe(const Recipe& recipe, Checks& checks) {
  const double rate = recipe.learning_rate(), momentum = recipe.momentum();
  checks.push_back(
      {"recipe.learning_rate", rate, rate > 0 && std::isfinite(rate), "above 0 and finite"});
  checks.push_back({"recipe.momentum", momentum, momentum >= 0 && momentum < 1, "in [0, 1)"});
  checks.push_back(Count("recipe.epochs", recipe.epochs(), 1));
  checks.push_back(Count("recipe.batch_size", recipe.batch_size(), 1));
}

void AddSubsetPlan(const SubsetPlan& plan, Checks& checks) {
  const bool any = plan.num_subsets() > 0;
  const double fraction = plan.subset_fraction();
  checks.push_back(Count("subset_plan.num_subsets", plan.num_subsets(), 0));
  checks.push_back(Count("subset_plan.num_seeds", plan.num_seeds(), any ? 1 : 0));
  checks.push_back({"subset_plan.subset_fraction", fraction,
                    plan.num_subsets() == 0 || (fraction > 0 && fraction < 1), "in (0, 1)"});
}

void AddCheckpoints(const CheckpointPlan& plan, int64_t epochs, Checks& checks) {
  const int64_t along_run = plan.num_along_run();
  checks.push_back(Count("checkpoints.num_full_data", plan.num_full_data(), 0));
  checks.push_back(Count("checkpoints.num_half_data", plan.num_half_data(), 0));
  checks.push_back({"checkpoints.num_along_run", static_cast<double>(along_run),
                    along_run == 0 || (along_run > 0 && plan.num_full_data() > 0 && epochs > 0 &&
                                       epochs % along_run == 0),
                    "0, or a divisor of recipe.epochs with num_full_data at least 1"});
}

void AddModel(const ModelSpec& model, Checks& checks) {
  if (model.has_mlp()) {
    const MlpSpec& mlp = model.mlp();
    checks.push_back(Count("model.mlp.num_inputs", mlp.num_inputs(), 1));
    for (const int64_t units : mlp.hidden_units()) {
      checks.push_back(Count("model.mlp.hidden_units", units, 1));
    }
    checks.push_back(NumClasses("model.mlp.num_classes", mlp.num_classes()));
    const double dropout = mlp.dropout();
    checks.push_back({"model.mlp.dropout", dropout, dropout >= 0 && dropout < 1, "in [0, 1)"});
  }
  if (model.has_resnet9()) {
    const ResNet9Spec& resnet9 = model.resnet9();
    checks.push_back(Count("model.resnet9.num_channels", resnet9.num_channels(), 1));
    checks.push_back(Count("model.resnet9.image_size", resnet9.image_size(), 1));
    checks.push_back(Count("model.resnet9.width", resnet9.width(), 1));
    checks.push_back(NumClasses("model.resnet9.num_classes", resnet9.num_classes()));
  }
}

}  // namespace

absl::Status ValidateSetting(const Setting& setting) {
  Checks checks;
  AddDataset(setting.dataset(), checks);
  AddRecipe(setting.recipe(), checks);
  AddSubsetPlan(setting.subset_plan(), checks);
  AddCheckpoints(setting.checkpoints(), setting.recipe().epochs(), checks);
  AddModel(setting.model(), checks);
  for (const Check& check : checks) {
    if (check.ok) continue;
    return absl::InvalidArgumentError(absl::StrCat("setting ", setting.name(), ": ", check.field,
                                                   " is ", check.value, ", must be ", check.bound));
  }
  if (setting.name().empty()) return absl::InvalidArgumentError("a setting needs a name");
  if (setting.dataset().source_case() == DatasetSource::SOURCE_NOT_SET) {
    return absl::InvalidArgumentError(absl::StrCat(
        "setting ", setting.name(), ": dataset names no source; known are glyphs, idx and cifar"));
  }
  if (setting.model().architecture_case() == ModelSpec::ARCHITECTURE_NOT_SET) {
    return absl::InvalidArgumentError(absl::StrCat(
        "setting ", setting.name(), ": model names no architecture; known are mlp and resnet9"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Setting> LoadSetting(const std::string& name_or_path) {
  const bool is_path = absl::EndsWith(name_or_path, kSuffix);
  const std::string path = is_path ? InWorkingDirectory(name_or_path)
                                   : absl::StrCat(ProjectPath(kFolder), "/", name_or_path, kSuffix);
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) {
    if (is_path) return text.status();
    if (KnownSettings().empty()) {
      return absl::NotFoundError(
          absl::StrCat("no setting '", name_or_path, "': there is no folder ", kFolder,
                       " here; start the program in the folder of the clone, or by bazel run"));
    }
    return absl::NotFoundError(absl::StrCat("no setting '", name_or_path, "'; known are ",
                                            absl::StrJoin(KnownSettings(), ", "),
                                            "; the path of another one must end in ", kSuffix));
  }
  Setting setting;
  if (const absl::Status status = ParseTextProto(*text, path, &setting); !status.ok())
    return status;
  if (const absl::Status status = ValidateSetting(setting); !status.ok()) return status;
  return setting;
}

std::string RecipeDigest(const Setting& setting) {
  Setting decisive = setting;
  decisive.clear_name();
  decisive.clear_description();
  decisive.mutable_dataset()->clear_name();
  decisive.mutable_dataset()->clear_synthetic();
  if (decisive.dataset().has_idx()) decisive.mutable_dataset()->mutable_idx()->clear_url();
  if (decisive.dataset().has_cifar()) decisive.mutable_dataset()->mutable_cifar()->clear_url();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    decisive.SerializeToCodedStream(&coded);
  }
  return Sha256(bytes);
}

}  // namespace attribench
