// SPDX-License-Identifier: Apache-2.0
//
// Compares two versions of results: what moved beyond its interval, failed, came or went.
#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/result_files.h"
#include "datasets/working_directory.h"
#include "leaderboard/results_comparison.h"

ABSL_FLAG(std::string, before, "", "file or folder of the earlier results");
ABSL_FLAG(std::string, now, "benchmarks/results", "file or folder of the later results");

namespace attribench {
namespace {

absl::Status Run(const std::vector<char*>& positional) {
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1],
                                                   "'; name results with --before and --now"));
  }
  if (absl::GetFlag(FLAGS_before).empty()) {
    return absl::InvalidArgumentError("--before names no file or folder");
  }
  const auto before = ReadResultFiles({InWorkingDirectory(absl::GetFlag(FLAGS_before))});
  if (!before.ok()) return before.status();
  const auto now = ReadResultFiles({InWorkingDirectory(absl::GetFlag(FLAGS_now))});
  if (!now.ok()) return now.status();
  std::cout << RenderComparison(CompareResults(*before, *now));
  return absl::OkStatus();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Compares two versions of results: what moved beyond its interval, failed, came or went.");
  const absl::Status status = attribench::Run(absl::ParseCommandLine(argc, argv));
  if (!status.ok()) std::cerr << "compare_results: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
