// SPDX-License-Identifier: Apache-2.0
//
// Writes the page of a leaderboard: index.html, and leaderboard.json beside it.
#include <filesystem>
#include <iostream>
#include <string>
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
ABSL_FLAG(std::string, output, "out/leaderboard", "folder for index.html and leaderboard.json");

namespace {

absl::Status Run() {
  std::vector<std::string> paths;
  for (const std::string& path : absl::GetFlag(FLAGS_results)) {
    if (!path.empty()) paths.push_back(attribench::InWorkingDirectory(path));
  }
  if (paths.empty()) return absl::InvalidArgumentError("--results names no file or folder");
  const auto results = attribench::ReadResultFiles(paths);
  if (!results.ok()) return results.status();
  const auto board = attribench::MakeBoard(*results);
  if (!board.ok()) return board.status();
  const std::filesystem::path folder = attribench::InWorkingDirectory(absl::GetFlag(FLAGS_output));
  const std::string page = (folder / "index.html").string();
  absl::Status status = attribench::WriteWholeFile((folder / "leaderboard.json").string(),
                                                   attribench::RenderJson(*board));
  if (status.ok()) {
    status = attribench::WriteWholeFile(
        page, attribench::RenderPage(*board, attribench::LinkedPageParts()));
  }
  if (status.ok()) std::cout << "page: " << page << std::endl;
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Writes the page of a leaderboard from results.");
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  const absl::Status status =
      positional.size() > 1
          ? absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1],
                                                    "'; name results with --results"))
          : Run();
  if (!status.ok()) std::cerr << "page: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
