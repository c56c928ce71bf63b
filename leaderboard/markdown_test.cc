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
using ::testing::StartsWith;

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
  int lines = 0, of_header = 0;  // 0: no table
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(page_, '\n'))) {
    const std::string bars = absl::StrReplaceAll(line, {{"\\|", ""}});
    const int num_bars =
        absl::StartsWith(line, "|") ? std::count(bars.begin(), bars.end(), '|') : 0;
    if (of_header > 0 && num_bars > 0) {
      EXPECT_EQ(num_bars, of_header) << line;
    }
    of_header = num_bars;
    lines += num_bars > 0 ? 1 : 0;
  }
  // Two settings, with two tables each: two lines of header, and 13 entries and 4 methods in all.
  EXPECT_EQ(lines, 4 * 2 + 13 + 4);
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
  EXPECT_THAT(
      drawn_,
      HasSubstr(
          "Methods, with selectors against grid search on retrained models, SYNTHETIC data:"));
  EXPECT_THAT(real_, HasSubstr("| sharp | 0.200 | spectrum\\_rule | 0.380 | grid\\_search\\_50 | "
                               "0.400 | 95.0% \\["));
  EXPECT_THAT(real_, HasSubstr("] | 1.0% | 1.0% | 20 |\n"));
}

TEST_F(MarkdownTest, SameFailuresOfMethodsInOneLine) {
  for (Row& row : board_.rows) {
    if (row.setting != "real") continue;
    row.entry.set_status(REFUSED);
    row.entry.set_message("no spectrum");
    if (row.method == "blunt") row.entry.set_tuner("any");
  }
  Row twin;
  for (const Row& row : board_.rows) {
    if (row.method == "blunt") twin = row;
  }
  twin.method = "twin";
  board_.rows.push_back(twin);
  const std::string page = RenderMarkdown(board_);
  EXPECT_THAT(page, HasSubstr("- sharp, all 5 tuners: refused: no spectrum\n"));
  EXPECT_THAT(page, HasSubstr("- blunt, twin, any: refused: no spectrum\n"));
}

TEST_F(MarkdownTest, Options) {
  EXPECT_THAT(page_, StartsWith("# Leaderboard of training-data attribution\n\nHow well"));
  EXPECT_THAT(page_, Not(HasSubstr("<details>")));
  MarkdownOptions options;
  options.title = "Title";
  options.introduction = "Intro.";
  options.notes = {{"real", "A *note*."}};
  options.fold_entries = true;
  const std::string page = RenderMarkdown(board_, options);
  EXPECT_THAT(page, StartsWith("# Title\n\nIntro.\n\n## drawn"));
  EXPECT_THAT(
      page,
      HasSubstr(
          "\n\nA *note*.\n\nMethods, with selectors against grid search on retrained models:"));
  EXPECT_THAT(page, HasSubstr("<details>\n<summary>All 6 entries</summary>\n\n| rank |"));
}

TEST_F(MarkdownTest, ExplainsColumnsAndWhatIsRecorded) {
  EXPECT_THAT(meaning_, HasSubstr("- **tuning CPU s**: "));
  EXPECT_THAT(meaning_, HasSubstr("- **oracle LDS**: "));
  EXPECT_THAT(meaning_, HasSubstr("recorded with it: the CPU seconds of training and retraining"));
}

}  // namespace
}  // namespace attribench
