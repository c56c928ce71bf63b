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

absl::Status OutOfBounds(const Setting& setting, absl::string_view field, double value,
                         absl::string_view bound) {
  return absl::InvalidArgumentError(
      absl::StrCat("setting ", setting.name(), ": ", field, " is ", value, ", must be ", bound));
}

}  // namespace

absl::Status ValidateSetting(const Setting& s) {
  struct Check {
    const char* field;
    double value;
    bool ok;
    const char* bound;
  };
  const DatasetSource& data = s.dataset();
  const Recipe& recipe = s.recipe();
  const SubsetPlan& plan = s.subset_plan();
  const int64_t along_run = s.checkpoints().num_along_run();
  const double largest = 1e9;
  const auto count = [&](const char* field, double value, double least) {
    return Check{field, value, value >= least && value <= largest,
                 least > 0 ? "at least 1 and at most 1e9" : "from 0 to 1e9"};
  };
  std::vector<Check> checks = {
      count("dataset.num_train", data.num_train(), 1),
      count("dataset.num_test", data.num_test(), 1),
      {"dataset.standard_deviation", data.standard_deviation(), data.standard_deviation() > 0,
       "above 0"},
      {"dataset.mean", data.mean(), std::isfinite(data.mean()), "finite"},
      {"recipe.learning_rate", recipe.learning_rate(),
       recipe.learning_rate() > 0 && std::isfinite(recipe.learning_rate()), "above 0"},
      {"recipe.momentum", recipe.momentum(), recipe.momentum() >= 0 && recipe.momentum() < 1,
       "in [0, 1)"},
      count("recipe.epochs", recipe.epochs(), 1),
      count("recipe.batch_size", recipe.batch_size(), 1),
      count("subset_plan.num_subsets", plan.num_subsets(), 0),
      count("subset_plan.num_seeds", plan.num_seeds(), plan.num_subsets() > 0 ? 1 : 0),
      {"subset_plan.subset_fraction", plan.subset_fraction(),
       plan.num_subsets() == 0 || (plan.subset_fraction() > 0 && plan.subset_fraction() < 1),
       "in (0, 1)"},
      count("checkpoints.num_full_data", s.checkpoints().num_full_data(), 0),
      count("checkpoints.num_half_data", s.checkpoints().num_half_data(), 0),
      {"checkpoints.num_along_run", static_cast<double>(along_run),
       along_run == 0 || (along_run > 0 && s.checkpoints().num_full_data() > 0 &&
                          recipe.epochs() > 0 && recipe.epochs() % along_run == 0),
       "0, or a divisor of recipe.epochs with num_full_data at least 1"},
  };
  if (s.model().has_mlp()) {
    const MlpSpec& mlp = s.model().mlp();
    checks.push_back(count("model.mlp.num_inputs", mlp.num_inputs(), 1));
    for (const int64_t units : mlp.hidden_units()) {
      checks.push_back(count("model.mlp.hidden_units", units, 1));
    }
    checks.push_back({"model.mlp.num_classes", static_cast<double>(mlp.num_classes()),
                      mlp.num_classes() >= 2 && mlp.num_classes() <= largest, "at least 2"});
    checks.push_back(
        {"model.mlp.dropout", mlp.dropout(), mlp.dropout() >= 0 && mlp.dropout() < 1, "in [0, 1)"});
  }
  if (s.model().has_resnet9()) {
    const ResNet9Spec& resnet9 = s.model().resnet9();
    checks.push_back(count("model.resnet9.num_channels", resnet9.num_channels(), 1));
    checks.push_back(count("model.resnet9.image_size", resnet9.image_size(), 1));
    checks.push_back(count("model.resnet9.width", resnet9.width(), 1));
    checks.push_back({"model.resnet9.num_classes", static_cast<double>(resnet9.num_classes()),
                      resnet9.num_classes() >= 2 && resnet9.num_classes() <= largest,
                      "at least 2"});
  }
  for (const Check& check : checks) {
    if (!check.ok) return OutOfBounds(s, check.field, check.value, check.bound);
  }
  if (s.name().empty()) return absl::InvalidArgumentError("a setting needs a name");
  if (data.source_case() == DatasetSource::SOURCE_NOT_SET) {
    return absl::InvalidArgumentError(absl::StrCat(
        "setting ", s.name(), ": dataset names no source; known are glyphs, idx and cifar"));
  }
  if (s.model().architecture_case() == ModelSpec::ARCHITECTURE_NOT_SET) {
    return absl::InvalidArgumentError(absl::StrCat(
        "setting ", s.name(), ": model names no architecture; known are mlp and resnet9"));
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
    return absl::NotFoundError(absl::StrCat("no setting '", name_or_path, "'; known are ",
                                            absl::StrJoin(KnownSettings(), ", "),
                                            "; a path must end in ", kSuffix));
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
