// SPDX-License-Identifier: Apache-2.0
//
// Writes the page of a leaderboard: index.html, and leaderboard.json beside it.
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/result_files.h"
#include "datasets/whole_file.h"
#include "datasets/working_directory.h"
#include "leaderboard/board.h"
#include "leaderboard/json.h"
#include "leaderboard/page/page_html.h"

ABSL_FLAG(
    std::vector<std::string>, results, {},
    "results to show, separated by commas: files, or folders that are searched for *.textproto");
ABSL_FLAG(std::vector<std::string>, sensitivity, {},
          "sensitivity studies to show, separated by commas: files, or folders; none if empty");
ABSL_FLAG(std::vector<std::string>, removal, {},
          "removal studies to show, separated by commas: files, or folders; none if empty");
ABSL_FLAG(std::string, output, "out/leaderboard", "folder for index.html and leaderboard.json");

namespace attribench {
namespace {

std::vector<std::string> Paths(const std::vector<std::string>& flag) {
  std::vector<std::string> paths;
  for (const std::string& path : flag) {
    if (!path.empty()) paths.push_back(InWorkingDirectory(path));
  }
  return paths;
}

absl::Status Run() {
  const std::vector<std::string> paths = Paths(absl::GetFlag(FLAGS_results));
  if (paths.empty()) return absl::InvalidArgumentError("--results names no file or folder");
  const auto results = ReadResultFiles(paths);
  if (!results.ok()) return results.status();
  const auto board = MakeBoard(*results);
  if (!board.ok()) return board.status();
  PageStudies studies;
  if (const auto sensitivity_paths = Paths(absl::GetFlag(FLAGS_sensitivity));
      !sensitivity_paths.empty()) {
    auto read = ReadSensitivityFiles(sensitivity_paths);
    if (!read.ok()) return read.status();
    studies.sensitivity = *std::move(read);
  }
  if (const auto removal_paths = Paths(absl::GetFlag(FLAGS_removal)); !removal_paths.empty()) {
    auto read = ReadRemovalFiles(removal_paths);
    if (!read.ok()) return read.status();
    studies.removal = *std::move(read);
  }
  const std::filesystem::path folder = InWorkingDirectory(absl::GetFlag(FLAGS_output));
  const std::string page = (folder / "index.html").string();
  const absl::StatusOr<std::string> html = RenderPage(*board, studies, LinkedPageParts());
  if (!html.ok()) return html.status();
  absl::Status status =
      WriteWholeFile((folder / "leaderboard.json").string(), RenderJson(*board, studies.removal));
  if (status.ok()) status = WriteWholeFile(page, *html);
  if (status.ok()) std::cout << "page: " << page << std::endl;
  return status;
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Writes the page of a leaderboard from results.");
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  const absl::Status status =
      positional.size() > 1
          ? absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1],
                                                    "'; name results with --results"))
          : attribench::Run();
  if (!status.ok()) std::cerr << "page: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
