// SPDX-License-Identifier: Apache-2.0
//
// Writes the examples of a setting as its models see them, for programs in other languages.
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "datasets/data_root.h"
#include "datasets/dataset.h"
#include "datasets/formats/safetensors.h"
#include "datasets/settings/setting.h"
#include "datasets/working_directory.h"

ABSL_FLAG(std::string, setting, "", "name of a setting, or path of its .textproto");
ABSL_FLAG(
    std::string, output, "examples.safetensors",
    "file for train_inputs [n, channels, height, width] float32, normalised, train_labels [n] "
    "int64, test_inputs and test_labels");

namespace attribench {
namespace {

absl::Status Run(const std::vector<char*>& positional) {
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", positional[1], "'; name a setting with --setting"));
  }
  if (absl::GetFlag(FLAGS_setting).empty()) {
    return absl::InvalidArgumentError("--setting is empty: it must name a setting");
  }
  if (absl::GetFlag(FLAGS_output).empty()) {
    return absl::InvalidArgumentError("--output is empty: it must name a file");
  }
  const absl::StatusOr<Setting> setting = LoadSetting(absl::GetFlag(FLAGS_setting));
  if (!setting.ok()) return setting.status();
  const absl::StatusOr<DatasetSplit> data = LoadDataset(*setting, DataRoot());
  if (!data.ok()) return data.status();
  const std::string path = InWorkingDirectory(absl::GetFlag(FLAGS_output));
  const absl::Status written =
      WriteSafetensors(path, {{{"train_inputs", data->train.inputs},
                               {"train_labels", data->train.labels},
                               {"test_inputs", data->test.inputs},
                               {"test_labels", data->test.labels}},
                              {{"setting", setting->name()}, {"data_digest", data->digest}}});
  if (written.ok()) {
    std::cout << path << ": " << data->train.size() << " training and " << data->test.size()
              << " test examples of " << setting->name() << "\n";
  }
  return written;
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Writes the examples of a setting to a safetensors file.");
  const absl::Status status = attribench::Run(absl::ParseCommandLine(argc, argv));
  if (!status.ok()) std::cerr << "export_examples: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
