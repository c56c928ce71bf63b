// SPDX-License-Identifier: Apache-2.0
//
// The recorded results: the documents that show them are up to date, and the terminal's tables fit.
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "benchmarks/result_files.h"
#include "benchmarks/text_table.h"
#include "datasets/whole_file.h"
#include "gtest/gtest.h"
#include "leaderboard/board.h"
#include "leaderboard/results_page.h"
#include "leaderboard/terminal.h"

namespace attribench {
namespace {

void ExpectUpToDate(const std::string& file, const std::string& expected) {
  const auto content = ReadWholeFile(file);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_TRUE(*content == expected) << file << " is stale. Renew it with: " << kUpdateCommand;
}

TEST(RecordedTest, DocumentsAreUpToDate) {
  const auto pages = MakeRecordedPages(".");
  ASSERT_TRUE(pages.ok()) << pages.status();
  ExpectUpToDate(kResultsPage, pages->results_page);
  ExpectUpToDate(kReadme, pages->readme);
}

TEST(RecordedTest, BlockOfReadmeIsShort) {
  const auto results = ReadResultFiles({"benchmarks/results"});
  ASSERT_TRUE(results.ok()) << results.status();
  const auto board = MakeBoard(*results);
  ASSERT_TRUE(board.ok()) << board.status();
  const std::vector<std::string> lines = absl::StrSplit(RenderResultsBlock(*board), '\n');
  EXPECT_LE(lines.size(), 10 + board->settings.size() + 1);
}

TEST(RecordedTest, TerminalFits) {
  const auto results = ReadResultFiles({"benchmarks/results", "benchmarks/baseline/results"});
  ASSERT_TRUE(results.ok()) << results.status();
  const auto board = MakeBoard(*results);
  ASSERT_TRUE(board.ok()) << board.status();
  for (const bool all : {false, true}) {
    const std::string text = RenderTerminal(*board, {/*color=*/false, all});
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
      EXPECT_LE(TextWidth(line), 120) << line;
    }
  }
}

}  // namespace
}  // namespace attribench
