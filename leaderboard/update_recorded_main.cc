// SPDX-License-Identifier: Apache-2.0
//
// Writes leaderboard/RESULTS.md and the results block of README.md from the recorded results.
// `bazel run //leaderboard:update_recorded` does so in the workspace that it runs in; without
// Bazel, the current folder must be the workspace.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "datasets/whole_file.h"
#include "leaderboard/results_page.h"

namespace {

absl::Status Run() {
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  const std::filesystem::path root = workspace == nullptr ? "." : workspace;
  const absl::StatusOr<attribench::RecordedPages> pages =
      attribench::MakeRecordedPages(root.string());
  if (!pages.ok()) return pages.status();
  const std::string results_page = (root / attribench::kResultsPage).string();
  const std::string readme = (root / attribench::kReadme).string();
  absl::Status status = attribench::WriteWholeFile(results_page, pages->results_page);
  if (status.ok()) status = attribench::WriteWholeFile(readme, pages->readme);
  if (status.ok()) std::cout << "wrote " << results_page << " and " << readme << "\n";
  return status;
}

}  // namespace

int main() {
  const absl::Status status = Run();
  if (!status.ok()) std::cerr << "update_recorded: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
