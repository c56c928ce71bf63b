// SPDX-License-Identifier: Apache-2.0
//
// Checks results that someone else made before they stand beside the recorded ones.
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/result_files.h"
#include "datasets/working_directory.h"
#include "leaderboard/submission.h"

ABSL_FLAG(std::string, recorded, "benchmarks/results", "folder of the recorded results");

namespace attribench {
namespace {

absl::Status Run(const std::vector<char*>& positional) {
  std::vector<std::string> paths;
  for (size_t i = 1; i < positional.size(); ++i) paths.push_back(InWorkingDirectory(positional[i]));
  if (paths.empty()) return absl::InvalidArgumentError("name the files of your results");
  const auto recorded = ReadResultFiles({InWorkingDirectory(absl::GetFlag(FLAGS_recorded))});
  if (!recorded.ok()) return recorded.status();
  const auto submitted = ReadResultFiles(paths);
  if (!submitted.ok()) return submitted.status();
  if (const absl::Status status = CheckSubmission(*submitted, *recorded); !status.ok()) {
    return status;
  }
  for (const ResultFile& file : *submitted) {
    std::cout << "good: " << file.path << ": " << file.result.method() << " in "
              << file.result.setting().name() << ", " << file.result.entries_size() << " entries\n";
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Checks results before they are submitted: check_submission FILE ...");
  const absl::Status status = attribench::Run(absl::ParseCommandLine(argc, argv));
  if (!status.ok()) std::cerr << "check_submission: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
