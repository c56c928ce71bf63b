// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/terminal.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto board = MakeBoard(SampleResults());
    ASSERT_TRUE(board.ok()) << board.status();
    board_ = *board;
    text_ = RenderTerminal(board_, /*color=*/false);
    const size_t real = text_.find("\nreal\n");
    ASSERT_NE(real, std::string::npos) << text_;
    drawn_ = text_.substr(0, real);
    real_ = text_.substr(real);
  }

  Board board_;
  std::string text_, drawn_, real_;
};

TEST_F(TerminalTest, SyntheticSettingsAreLabelledAndOthersAreNot) {
  EXPECT_THAT(drawn_, HasSubstr("drawn  SYNTHETIC\n"));
  EXPECT_THAT(drawn_, HasSubstr("grid search on retrained models, SYNTHETIC data"));
  EXPECT_THAT(real_, Not(HasSubstr("SYNTHETIC")));
}

TEST_F(TerminalTest, RowsInTheBoardsOrder) {
  size_t at = 0;
  for (const char* row : {"1  sharp   grid_search_50", "2-3  sharp   grid_search_20",
                          "2-3  sharp   surrogate_indicator", "4  sharp   grid_search_5",
                          "5  sharp   default", "6  blunt   default"}) {
    const size_t next = real_.find(row, at);
    ASSERT_NE(next, std::string::npos) << row << " after " << at << " in\n" << real_;
    at = next;
  }
}

TEST_F(TerminalTest, FailureIsVisibleWithItsMessage) {
  EXPECT_THAT(drawn_, HasSubstr("7  blunt   mean_eigenvalue"));
  EXPECT_THAT(drawn_, HasSubstr("out_of_memory: needs 9 GiB | 4 GiB are free\n"));
}

TEST_F(TerminalTest, HeadlineFollows) {
  EXPECT_THAT(real_, HasSubstr("  sharp: the selector reaches 95.0% ["));
  EXPECT_THAT(real_, HasSubstr("at 1.0% of its tuning CPU time"));
}

TEST_F(TerminalTest, LinesAreAligned) {
  size_t width = 0;
  int rows = 0;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(text_, '\n'))) {
    EXPECT_THAT(line.size(), Le(120)) << line;
    const bool is_row = line.find(" sharp ") != std::string::npos;
    if (!is_row) continue;
    if (width == 0) width = line.size();
    EXPECT_EQ(line.size(), width) << line;
    ++rows;
  }
  EXPECT_EQ(rows, 10);
}

TEST_F(TerminalTest, ColorOnlyOnRequestAndOtherwiseTheSameText) {
  EXPECT_THAT(text_, Not(HasSubstr("\033")));
  std::string color = RenderTerminal(board_, /*color=*/true);
  EXPECT_THAT(color, HasSubstr("\033[33mSYNTHETIC\033[0m"));
  std::string plain;
  for (size_t i = 0; i < color.size(); ++i) {
    if (color[i] == '\033')
      i = color.find('m', i);
    else
      plain += color[i];
  }
  EXPECT_EQ(plain, text_);
}

TEST_F(TerminalTest, WordsLongerThanALineAreKept) {
  const std::string word(300, 'x');
  for (Row& row : board_.rows) {
    if (row.entry.status() != OK) row.entry.set_message("short " + word + " short");
  }
  EXPECT_THAT(RenderTerminal(board_, false), HasSubstr("\n      " + word + "\n      short\n"));
}

}  // namespace
}  // namespace attribench
