// SPDX-License-Identifier: Apache-2.0
//
// Makes a zoo from models that another program has retrained. evaluators/from_python.md shows how.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "datasets/data_root.h"
#include "datasets/dataset.h"
#include "datasets/settings/setting.h"
#include "datasets/working_directory.h"
#include "datasets/zoo/imported_zoo.h"

ABSL_FLAG(
    std::string, setting, "",
    "path of the .textproto of a setting with imported: true (datasets/settings/setting.proto)");
ABSL_FLAG(std::string, subsets, "",
          "safetensors file: the training examples of each subset, [subsets, train] bool, or their "
          "numbers, [subsets, size] int64");
ABSL_FLAG(std::string, outputs, "",
          "safetensors file: outputs of the retrained models, [subsets, seeds, test]; larger is "
          "better, such as minus the loss");
ABSL_FLAG(std::string, margins, "", "the same for margins, if there are any");
ABSL_FLAG(std::string, checkpoints, "",
          "folder with *.safetensors, in the order of their names: models trained on all examples");
ABSL_FLAG(std::string, half_data_checkpoints, "",
          "the same for models trained on a part of the examples, usually half");
ABSL_FLAG(std::string, half_data_subsets, "",
          "safetensors file: the training examples of each of these, in the form of --subsets");
ABSL_FLAG(double, training_cpu_seconds, 0, "CPU seconds of one training, if they are known");
ABSL_FLAG(double, training_flops, 0, "floating-point operations of one training, if known");
ABSL_FLAG(std::string, output, "", "folder of the zoo; default: out/zoo/<setting>");

namespace attribench {
namespace {

// The checkpoints in the folder that `flag` names, as `value`.
absl::StatusOr<std::vector<std::string>> Checkpoints(const std::string& flag,
                                                     const std::string& value) {
  std::vector<std::string> paths;
  if (value.empty()) return paths;
  const std::string folder = InWorkingDirectory(value);
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".safetensors") paths.push_back(it->path().string());
  }
  if (error) {
    return absl::NotFoundError(
        absl::StrCat("--", flag, ": ", folder, " cannot be read: ", error.message()));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::Status Run(const std::vector<char*>& positional) {
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", positional[1], "'; name a setting with --setting"));
  }
  for (const auto& [flag, value] : {std::make_pair("setting", absl::GetFlag(FLAGS_setting)),
                                    std::make_pair("subsets", absl::GetFlag(FLAGS_subsets)),
                                    std::make_pair("outputs", absl::GetFlag(FLAGS_outputs))}) {
    if (value.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("--", flag, " is empty; it must be given"));
    }
  }
  ImportedFiles files;
  for (const auto& [flag, value] :
       {std::make_pair("training_cpu_seconds", absl::GetFlag(FLAGS_training_cpu_seconds)),
        std::make_pair("training_flops", absl::GetFlag(FLAGS_training_flops))}) {
    if (std::isfinite(value) && value >= 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, " is ", value, ", must be finite and at least 0"));
  }
  files.training.set_cpu_seconds(absl::GetFlag(FLAGS_training_cpu_seconds));
  files.training.set_flops(absl::GetFlag(FLAGS_training_flops));
  const absl::StatusOr<Setting> setting = LoadSetting(absl::GetFlag(FLAGS_setting));
  if (!setting.ok()) return setting.status();
  files.subsets = InWorkingDirectory(absl::GetFlag(FLAGS_subsets));
  files.outputs = InWorkingDirectory(absl::GetFlag(FLAGS_outputs));
  if (const std::string margins = absl::GetFlag(FLAGS_margins); !margins.empty()) {
    files.margins = InWorkingDirectory(margins);
  }
  auto checkpoints = Checkpoints("checkpoints", absl::GetFlag(FLAGS_checkpoints));
  if (!checkpoints.ok()) return checkpoints.status();
  files.checkpoints = *std::move(checkpoints);
  checkpoints = Checkpoints("half_data_checkpoints", absl::GetFlag(FLAGS_half_data_checkpoints));
  if (!checkpoints.ok()) return checkpoints.status();
  files.half_data_checkpoints = *std::move(checkpoints);
  const std::string halves = absl::GetFlag(FLAGS_half_data_subsets);
  if (halves.empty() != files.half_data_checkpoints.empty()) {
    return absl::InvalidArgumentError(
        "--half_data_checkpoints and --half_data_subsets belong together: one of them is missing, "
        "or its folder has no *.safetensors");
  }
  if (!halves.empty()) files.half_data_subsets = InWorkingDirectory(halves);
  if (!IsForScoresOnly(*setting)) {
    const absl::StatusOr<DatasetSplit> data = LoadDataset(*setting, DataRoot());
    if (!data.ok()) return data.status();
    files.data_digest = data->digest;
  }
  const std::string flag = absl::GetFlag(FLAGS_output);
  const std::string output =
      InWorkingDirectory(flag.empty() ? absl::StrCat("out/zoo/", setting->name()) : flag);
  const absl::Status status = ImportZoo(*setting, files, output);
  if (!status.ok()) return status;
  std::cout << output << ": the zoo of " << setting->name() << ", "
            << setting->subset_plan().num_subsets() << " subsets x "
            << setting->subset_plan().num_seeds() << " seeds, "
            << files.checkpoints.size() + files.half_data_checkpoints.size() << " checkpoints\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Makes a zoo from models that another program has retrained.\n"
      "import_zoo --setting=mine.textproto --subsets=subsets.safetensors "
      "--outputs=outputs.safetensors");
  const absl::Status status = attribench::Run(absl::ParseCommandLine(argc, argv));
  if (!status.ok()) std::cerr << "import_zoo: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
