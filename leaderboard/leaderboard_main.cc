// SPDX-License-Identifier: Apache-2.0
//
// Turns results into a leaderboard: prints tables and writes LEADERBOARD.md and leaderboard.json.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/result_files.h"
#include "datasets/whole_file.h"
#include "datasets/working_directory.h"
#include "leaderboard/board.h"
#include "leaderboard/json.h"
#include "leaderboard/markdown.h"
#include "leaderboard/terminal.h"

ABSL_FLAG(
    std::vector<std::string>, results, {},
    "results to rank, separated by commas: files, or folders that are searched for *.textproto");
ABSL_FLAG(std::string, output, "out/leaderboard", "folder for LEADERBOARD.md and leaderboard.json");
ABSL_FLAG(bool, all, false,
          "print every entry; otherwise at most two lines a method: a selector and grid search");

namespace {

bool WantsColor() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && std::getenv("NO_COLOR") == nullptr && terminal != nullptr &&
         absl::string_view(terminal) != "dumb";
}

absl::Status Run() {
  std::vector<std::string> paths;
  for (const std::string& path : absl::GetFlag(FLAGS_results)) {
    if (!path.empty()) paths.push_back(attribench::InWorkingDirectory(path));
  }
  if (paths.empty()) return absl::InvalidArgumentError("--results names no file or folder");
  const absl::StatusOr<std::vector<attribench::ResultFile>> results =
      attribench::ReadResultFiles(paths);
  if (!results.ok()) return results.status();
  const absl::StatusOr<attribench::Board> board = attribench::MakeBoard(*results);
  if (!board.ok()) return board.status();

  const std::filesystem::path folder = attribench::InWorkingDirectory(absl::GetFlag(FLAGS_output));
  const std::string markdown = (folder / "LEADERBOARD.md").string();
  const std::string json = (folder / "leaderboard.json").string();
  absl::Status status = attribench::WriteWholeFile(markdown, attribench::RenderMarkdown(*board));
  if (status.ok()) status = attribench::WriteWholeFile(json, attribench::RenderJson(*board));
  if (!status.ok()) return status;
  attribench::TerminalOptions options;
  options.color = WantsColor();
  options.all = absl::GetFlag(FLAGS_all);
  std::cout << attribench::RenderTerminal(*board, options) << "\nwrote " << markdown << " and "
            << json << std::endl;
  if (!std::cout) return absl::UnavailableError("cannot write the tables to standard output");
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Ranks results, prints the tables and writes the pages.");
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  const absl::Status status =
      positional.size() > 1
          ? absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1],
                                                    "'; name results with --results"))
          : Run();
  if (!status.ok()) std::cerr << "leaderboard: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
