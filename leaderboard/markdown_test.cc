// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/markdown.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MarkdownTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto board = MakeBoard(SampleResults());
    ASSERT_TRUE(board.ok()) << board.status();
    board_ = *board;
    page_ = RenderMarkdown(board_);
    const size_t real = page_.find("\n## real\n");
    const size_t meaning = page_.find("\n## What the columns mean\n");
    ASSERT_NE(real, std::string::npos) << page_;
    ASSERT_NE(meaning, std::string::npos) << page_;
    drawn_ = page_.substr(0, real);
    real_ = page_.substr(real, meaning - real);
    meaning_ = page_.substr(meaning);
  }

  Board board_;
  std::string page_, drawn_, real_, meaning_;
};

TEST_F(MarkdownTest, SyntheticSettingsAreLabelledAndOthersAreNot) {
  EXPECT_THAT(drawn_, HasSubstr("\n## drawn (SYNTHETIC)\n"));
  EXPECT_THAT(real_, Not(HasSubstr("SYNTHETIC")));
}

TEST_F(MarkdownTest, PageOfRealSettingsDoesNotSaySynthetic) {
  board_.settings.erase(board_.settings.begin());
  EXPECT_THAT(page_, HasSubstr("- SYNTHETIC settings are made by code"));
  EXPECT_THAT(RenderMarkdown(board_), Not(HasSubstr("SYNTHETIC")));
}

TEST_F(MarkdownTest, EveryTableLineHasAsManyCells) {
  int lines = 0;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(page_, '\n'))) {
    if (!absl::StartsWith(line, "|")) continue;
    ++lines;
    const std::string bars = absl::StrReplaceAll(line, {{"\\|", ""}});
    EXPECT_EQ(std::count(bars.begin(), bars.end(), '|'), 12) << line;
  }
  EXPECT_EQ(lines, 2 * 2 + 13);
}

TEST_F(MarkdownTest, FailureIsVisibleWithItsMessage) {
  EXPECT_THAT(drawn_, HasSubstr("| 7 | blunt | mean\\_eigenvalue | out\\_of\\_memory |"));
  EXPECT_THAT(drawn_, HasSubstr("- blunt, mean\\_eigenvalue: out\\_of\\_memory: needs 9 GiB \\| 4 "
                                "GiB are free\n"));
}

TEST_F(MarkdownTest, TextOfResultsStaysText) {
  for (Row& row : board_.rows) row.method = "a|<b>*c*\\";
  EXPECT_THAT(RenderMarkdown(board_), HasSubstr("| a\\|&lt;b>\\*c\\*\\\\ |"));
}

TEST_F(MarkdownTest, HeadlineIsThere) {
  EXPECT_THAT(real_, HasSubstr("- sharp: the selector reaches 95.0% \\["));
}

TEST_F(MarkdownTest, ExplainsColumnsAndWhatIsRecorded) {
  EXPECT_THAT(meaning_, HasSubstr("- **tuning CPU s**: "));
  EXPECT_THAT(meaning_, HasSubstr("- **oracle LDS**: "));
  EXPECT_THAT(meaning_, HasSubstr("recorded with it: the CPU seconds of training and retraining"));
}

}  // namespace
}  // namespace attribench
