// SPDX-License-Identifier: Apache-2.0
#include "datasets/settings/setting.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
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

absl::Status NoSetting(const std::string& name) {
  const std::vector<std::string> known = KnownSettings();
  if (!known.empty()) {
    return absl::NotFoundError(absl::StrCat("no setting '", name, "'; known are ",
                                            absl::StrJoin(known, ", "),
                                            "; the path of another one must end in ", kSuffix));
  }
  std::error_code error;
  return absl::NotFoundError(absl::StrCat(
      "no setting '", name, "': there is no folder ", kFolder, " in ",
      std::filesystem::current_path(error).string(),
      "; start the program in the root of a clone of Attribench, or with bazel run, or "
      "give the path of a file that ends in ",
      kSuffix));
}

// One number of a setting, and whether it is within its bound.
struct Check {
  const char* field;
  double value;
  bool ok;
  std::string bound;
};
using Checks = std::vector<Check>;

constexpr double kMaxCount = 1e9;

// `why` the bound is not lower, for the message.
Check Count(const char* field, double value, double least, const char* why = "") {
  return {field, value, value >= least && value <= kMaxCount,
          absl::StrCat("from ", least, " to 1e9", why)};
}

// `first` is the number of a first example.
void AddPlace(const char* field, int64_t first, const DatasetSource& data, Checks& checks) {
  checks.push_back(Count(field, static_cast<double>(first), 0));
  checks.push_back({field, static_cast<double>(first), first == 0 || !data.has_glyphs(),
                    "0 for glyphs, which no file holds: change dataset.glyphs.seed instead"});
}

void AddLabelNoise(const DatasetSource& data, Checks& checks) {
  const double fraction = data.label_noise().fraction();
  checks.push_back({"dataset.label_noise.fraction", fraction, fraction >= 0 && fraction < 1,
                    "in [0, 1): 0.1 makes a tenth of the training labels wrong"});
  if (!checks.back().ok) return;
  checks.push_back({"dataset.label_noise.fraction", fraction,
                    fraction == 0 || NumWrongLabels(data) > 0,
                    absl::StrCat("0, or such that it makes at least one of the ", data.num_train(),
                                 " training labels wrong")});
}

void AddCounts(const DatasetSource& data, Checks& checks) {
  checks.push_back(Count("dataset.num_train", data.num_train(), 2, ": a subset leaves some out"));
  checks.push_back(Count("dataset.num_test", data.num_test(), 2,
                         ": at least one to tune on and one to report on"));
}

void AddSource(const DatasetSource& data, Checks& checks) {
  AddPlace("dataset.first_train", data.first_train(), data, checks);
  AddPlace("dataset.first_test", data.first_test(), data, checks);
  AddLabelNoise(data, checks);
  if (data.standard_deviation().empty()) {
    checks.push_back({"dataset.standard_deviation", 0, false, "above 0"});
  }
  for (const double deviation : data.standard_deviation()) {
    checks.push_back({"dataset.standard_deviation", deviation,
                      deviation > 0 && std::isfinite(deviation), "above 0 and finite"});
  }
  for (const double mean : data.mean()) {
    checks.push_back({"dataset.mean", mean, std::isfinite(mean), "finite"});
  }
  const auto first_label = static_cast<double>(data.idx().first_label());
  checks.push_back({"dataset.idx.first_label", first_label, first_label >= 0 && first_label <= 255,
                    "from 0 to 255"});
}

void AddRecipe(const Recipe& recipe, Checks& checks) {
  const double rate = recipe.learning_rate(), momentum = recipe.momentum();
  checks.push_back(
      {"recipe.learning_rate", rate, rate > 0 && std::isfinite(rate), "above 0 and finite"});
  checks.push_back({"recipe.momentum", momentum, momentum >= 0 && momentum < 1, "in [0, 1)"});
  checks.push_back(Count("recipe.epochs", recipe.epochs(), 1));
  checks.push_back(Count("recipe.batch_size", recipe.batch_size(), 1));
}

void AddNumSubsets(const SubsetPlan& plan, Checks& checks) {
  checks.push_back(Count("subset_plan.num_subsets", plan.num_subsets(), 4,
                         ": at least two to tune on and two to report on"));
  checks.push_back(Count("subset_plan.num_seeds", plan.num_seeds(), 1));
}

void AddSubsetPlan(const SubsetPlan& plan, int64_t num_train, Checks& checks) {
  const double fraction = plan.subset_fraction();
  if (plan.leave_one_out()) {
    const auto subsets = static_cast<double>(plan.num_subsets());
    checks.push_back({"subset_plan.subset_fraction", fraction, fraction == 0,
                      "left out, because of subset_plan.leave_one_out"});
    checks.push_back({"subset_plan.num_subsets", subsets, plan.num_subsets() <= num_train,
                      absl::StrCat("at most ", num_train,
                                   ", the number of training examples: each leaves out another")});
    return;
  }
  checks.push_back(
      {"subset_plan.subset_fraction", fraction, fraction > 0 && fraction < 1, "in (0, 1)"});
  if (!checks.back().ok) return;
  const int64_t size = SubsetSize(plan, num_train);
  checks.push_back({"subset_plan.subset_fraction", fraction, size >= 1 && size < num_train,
                    absl::StrCat("such that a subset has from 1 to ", num_train - 1, " of the ",
                                 num_train, " training examples, not ", size)});
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

// In training, batch norm needs more than one number per channel. The last images of a ResNet-9,
// after two strides of 2, have 1 x 1 pixels if its inputs have at most 4 x 4. Then a batch of one
// example has a single number, whose deviation is 0 / 0.
void AddBatchNorm(const Setting& setting, Checks& checks) {
  if (!setting.model().has_resnet9() || setting.model().resnet9().image_size() > 4) return;
  const int64_t batch_size = setting.recipe().batch_size(), n = setting.dataset().num_train();
  if (batch_size < 1) return;
  const std::pair<const char*, int64_t> trainings[] = {
      {"all training examples", setting.checkpoints().num_full_data() > 0 ? n : 0},
      {"half of the training examples", setting.checkpoints().num_half_data() > 0 ? n / 2 : 0},
      {"a subset", SubsetSize(setting.subset_plan(), n)},
  };
  for (const auto& [examples, size] : trainings) {
    const bool single = size > 0 && (batch_size == 1 || size % batch_size == 1);
    checks.push_back({"recipe.batch_size", static_cast<double>(batch_size), !single,
                      absl::StrCat("such that no batch has a single example, as the last of ", size,
                                   " examples (", examples,
                                   "): batch norm on images of 1 x 1 pixels needs two "
                                   "(model.resnet9.image_size is ",
                                   setting.model().resnet9().image_size(), ")")});
  }
}

void AddModel(const ModelSpec& model, Checks& checks) {
  if (model.has_mlp()) {
    const MlpSpec& mlp = model.mlp();
    checks.push_back(Count("model.mlp.num_inputs", mlp.num_inputs(), 1));
    for (const int64_t units : mlp.hidden_units()) {
      checks.push_back(Count("model.mlp.hidden_units", units, 1));
    }
    checks.push_back(Count("model.mlp.num_classes", mlp.num_classes(), 2));
    const double dropout = mlp.dropout();
    checks.push_back({"model.mlp.dropout", dropout, dropout >= 0 && dropout < 1, "in [0, 1)"});
  }
  if (model.has_resnet9()) {
    const ResNet9Spec& resnet9 = model.resnet9();
    checks.push_back(Count("model.resnet9.num_channels", resnet9.num_channels(), 1));
    checks.push_back(Count("model.resnet9.image_size", resnet9.image_size(), 1));
    checks.push_back(Count("model.resnet9.width", resnet9.width(), 1));
    checks.push_back(Count("model.resnet9.num_classes", resnet9.num_classes(), 2));
  }
  if (model.has_cnn()) {
    const CnnSpec& cnn = model.cnn();
    checks.push_back(Count("model.cnn.num_channels", cnn.num_channels(), 1));
    checks.push_back(Count("model.cnn.image_size", cnn.image_size(), 1));
    checks.push_back({"the number of model.cnn.filters", static_cast<double>(cnn.filters_size()),
                      cnn.filters_size() > 0, "at least 1: one for each convolution"});
    for (const int64_t filters : cnn.filters()) {
      checks.push_back(Count("model.cnn.filters", filters, 1));
    }
    checks.push_back(Count("model.cnn.num_classes", cnn.num_classes(), 2));
  }
}

// An imported setting must not claim what its zoo does not follow from.
absl::Status CheckImported(const Setting& setting) {
  const SubsetPlan& plan = setting.subset_plan();
  const CheckpointPlan& checkpoints = setting.checkpoints();
  const std::pair<const char*, bool> foreign[] = {
      {"recipe", setting.has_recipe()},
      {"subset_plan.subset_fraction", plan.subset_fraction() != 0},
      {"subset_plan.seed", plan.seed() != 0},
      {"subset_plan.leave_one_out", plan.leave_one_out()},
      {"checkpoints.num_along_run", checkpoints.num_along_run() != 0},
      {"checkpoints.seed", checkpoints.seed() != 0},
      {"checkpoints.num_full_data without a model",
       IsForScoresOnly(setting) && checkpoints.num_full_data() != 0},
      {"checkpoints.num_half_data without a model",
       IsForScoresOnly(setting) && checkpoints.num_half_data() != 0},
  };
  for (const auto& [field, is_there] : foreign) {
    if (!is_there) continue;
    return absl::InvalidArgumentError(absl::StrCat("setting ", setting.name(), ": ", field,
                                                   " is there, must be left out of an imported "
                                                   "setting"));
  }
  return absl::OkStatus();
}

// A name becomes the name of files, targets and pages.
absl::Status CheckName(const std::string& name) {
  const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
  });
  if (good && absl::ascii_islower(name[0])) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("setting '", absl::CHexEscape(name),
                   "': name must start with a lower-case letter and may hold lower-case letters, "
                   "digits and _ only"));
}

}  // namespace

bool IsForScoresOnly(const Setting& setting) {
  return setting.imported() && setting.dataset().source_case() == DatasetSource::SOURCE_NOT_SET &&
         setting.model().architecture_case() == ModelSpec::ARCHITECTURE_NOT_SET;
}

int64_t NumWrongLabels(const DatasetSource& source) {
  return std::llround(source.label_noise().fraction() * static_cast<double>(source.num_train()));
}

int64_t SubsetSize(const SubsetPlan& plan, int64_t num_train) {
  if (plan.leave_one_out()) return num_train - 1;
  return static_cast<int64_t>(plan.subset_fraction() * static_cast<double>(num_train));
}

absl::Status ValidateSetting(const Setting& setting) {
  if (const absl::Status status = CheckName(setting.name()); !status.ok()) return status;
  Checks checks;
  AddCounts(setting.dataset(), checks);
  AddNumSubsets(setting.subset_plan(), checks);
  if (setting.imported()) {
    if (const absl::Status status = CheckImported(setting); !status.ok()) return status;
  } else {
    AddRecipe(setting.recipe(), checks);
    AddSubsetPlan(setting.subset_plan(), setting.dataset().num_train(), checks);
    AddBatchNorm(setting, checks);
  }
  if (!IsForScoresOnly(setting)) {
    AddSource(setting.dataset(), checks);
    AddCheckpoints(setting.checkpoints(), setting.recipe().epochs(), checks);
    AddModel(setting.model(), checks);
  }
  for (const Check& check : checks) {
    if (check.ok) continue;
    return absl::InvalidArgumentError(absl::StrCat("setting ", setting.name(), ": ", check.field,
                                                   " is ", check.value, ", must be ", check.bound));
  }
  if (IsForScoresOnly(setting)) return absl::OkStatus();
  if (setting.dataset().source_case() == DatasetSource::SOURCE_NOT_SET) {
    return absl::InvalidArgumentError(absl::StrCat(
        "setting ", setting.name(), ": dataset names no source; known are glyphs, idx and cifar"));
  }
  if (setting.model().architecture_case() == ModelSpec::ARCHITECTURE_NOT_SET) {
    return absl::InvalidArgumentError(
        absl::StrCat("setting ", setting.name(),
                     ": model names no architecture; known are mlp, resnet9 and cnn"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Setting> LoadSetting(const std::string& name_or_path) {
  const bool is_path = absl::EndsWith(name_or_path, kSuffix);
  const std::string path = is_path ? InWorkingDirectory(name_or_path)
                                   : absl::StrCat(ProjectPath(kFolder), "/", name_or_path, kSuffix);
  Setting setting;
  if (const absl::Status read = ReadTextProto(path, &setting); !read.ok()) {
    return is_path || !absl::IsNotFound(read) ? read : NoSetting(name_or_path);
  }
  if (const absl::Status status = ValidateSetting(setting); !status.ok()) return status;
  return setting;
}

std::string RecipeDigest(const Setting& setting) {
  Setting decisive = setting;
  decisive.clear_name();
  decisive.clear_description();
  decisive.mutable_dataset()->clear_name();
  decisive.mutable_dataset()->clear_synthetic();
  decisive.mutable_dataset()->clear_data_digest();
  if (decisive.dataset().label_noise().fraction() == 0)
    decisive.mutable_dataset()->clear_label_noise();
  // A mean of 0 is the same as none.
  if (decisive.dataset().mean_size() == 1 && decisive.dataset().mean(0) == 0)
    decisive.mutable_dataset()->clear_mean();
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
