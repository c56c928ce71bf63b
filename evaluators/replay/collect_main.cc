// SPDX-License-Identifier: Apache-2.0
//
// Merges the tuning records of single methods, as `run --record_tuning` writes them, into the
// record of their setting.
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "datasets/working_directory.h"
#include "evaluators/replay/tuning_record.h"

ABSL_FLAG(std::string, setting, "", "name of the setting");
ABSL_FLAG(std::string, input, "out/results",
          "folder with the methods' records, as --output of a run; they lie in <input>/<setting>");
ABSL_FLAG(std::string, output, "",
          "file; default: evaluators/replay/<setting>.tuning.safetensors.gz");

namespace attribench {
namespace {

absl::Status Run(const std::vector<char*>& positional) {
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", positional[1], "'; name a folder with --input"));
  }
  const std::string setting = absl::GetFlag(FLAGS_setting);
  if (setting.empty()) {
    return absl::InvalidArgumentError("--setting is empty: it must name a setting");
  }
  const std::string folder =
      absl::StrCat(InWorkingDirectory(absl::GetFlag(FLAGS_input)), "/", setting);
  const absl::StatusOr<std::vector<std::string>> paths = RecordPaths(folder);
  if (!paths.ok()) return paths.status();
  std::vector<SettingRecord> records;
  for (const std::string& path : *paths) {
    absl::StatusOr<SettingRecord> record = ReadRecord(path);
    if (!record.ok()) return record.status();
    if (record->name != setting) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is of the setting ", record->name, ", must be of ", setting));
    }
    records.push_back(*std::move(record));
  }
  const absl::StatusOr<SettingRecord> merged = MergeRecords(records);
  if (!merged.ok())
    return absl::InvalidArgumentError(absl::StrCat(folder, ": ", merged.status().message()));
  const std::string flag = absl::GetFlag(FLAGS_output);
  const std::string output = InWorkingDirectory(
      flag.empty() ? absl::StrCat("evaluators/replay/", setting, kRecordSuffix) : flag);
  const absl::Status written = WriteRecord(output, *merged);
  if (written.ok()) {
    std::cout << output << ": " << merged->methods.size() << " methods, "
              << std::filesystem::file_size(output) << " bytes\n";
  }
  return written;
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Merges the tuning records of the methods of a setting.");
  const absl::Status status = attribench::Run(absl::ParseCommandLine(argc, argv));
  if (!status.ok()) std::cerr << "collect: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
