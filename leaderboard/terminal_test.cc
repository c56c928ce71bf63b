// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/terminal.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;

class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto board = MakeBoard(SampleResults());
    ASSERT_TRUE(board.ok()) << board.status();
    board_ = *board;
    Render(/*all=*/true);
  }

  void Render(bool all) {
    text_ = RenderTerminal(board_, {/*color=*/false, all});
    const size_t real = text_.find("\nreal\n");
    ASSERT_NE(real, std::string::npos) << text_;
    drawn_ = text_.substr(0, real);
    real_ = text_.substr(real);
  }

  // Each of `texts` is in real_, after the one before it.
  void ExpectInOrder(const std::vector<std::string>& texts) {
    size_t at = 0;
    for (const std::string& text : texts) {
      const size_t next = real_.find(text, at);
      ASSERT_NE(next, std::string::npos) << text << " after " << at << " in\n" << real_;
      at = next;
    }
  }

  Board board_;
  std::string text_, drawn_, real_;
};

std::vector<std::string> Lines(const std::string& text) { return absl::StrSplit(text, '\n'); }

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(TerminalTest, SyntheticSettingsAreLabelledAndOthersAreNot) {
  EXPECT_THAT(drawn_, HasSubstr("drawn  SYNTHETIC\n"));
  EXPECT_THAT(drawn_, HasSubstr("grid search on retrained models, SYNTHETIC data"));
  EXPECT_THAT(real_, Not(HasSubstr("SYNTHETIC")));
}

TEST_F(TerminalTest, AllRowsInTheBoardsOrderWithTheMethodOnce) {
  ExpectInOrder({"   1  sharp   grid_search_50", "\n 2-3          spectrum_rule",
                 "\n 2-3          grid_search_20", "\n   4          grid_search_5",
                 "\n   5          default", "\n   6  blunt   default"});
  EXPECT_THAT(text_, Not(HasSubstr("more entr")));
}

TEST_F(TerminalTest, ByDefaultTheSelectorAndTheLargestSearch) {
  Render(/*all=*/false);
  ExpectInOrder({" 2-3  sharp   spectrum_rule", "\n   1          grid_search_50",
                 "\n   6  blunt   default", "\n3 more entries: --all shows every entry.\n"});
  EXPECT_THAT(real_, Not(HasSubstr("grid_search_20")));
  EXPECT_THAT(real_, Not(HasSubstr("grid_search_5 ")));
}

TEST_F(TerminalTest, FailureIsVisibleWithItsMessage) {
  EXPECT_THAT(drawn_, HasSubstr("  7          mean_eigenvalue"));
  EXPECT_THAT(drawn_, HasSubstr("out_of_memory: needs 9 GiB | 4 GiB are free\n"));
  Render(/*all=*/false);
  EXPECT_THAT(
      drawn_,
      HasSubstr("  7          mean_eigenvalue  out_of_memory: needs 9 GiB | 4 GiB are free\n"));
}

TEST_F(TerminalTest, HiddenFailuresAreCounted) {
  for (Row& row : board_.rows) {
    if (row.entry.tuner() == "grid_search_5") row.entry.set_status(TIMEOUT);
  }
  Render(/*all=*/false);
  EXPECT_THAT(real_, HasSubstr("\n3 more entries, 1 failed: --all shows every entry.\n"));
}

TEST_F(TerminalTest, MethodThatFailedWithAllTunersHasOneLine) {
  for (Row& row : board_.rows) {
    if (row.method == "sharp") {
      row.entry.set_status(REFUSED);
      row.entry.set_message(std::string(50, 'x') + " " + std::string(100, 'y'));
    }
  }
  Render(/*all=*/true);
  EXPECT_EQ(Count(real_, "refused: "), 1);
  EXPECT_THAT(real_, HasSubstr("\n      " + std::string(100, 'y') + "\n"));
  Render(/*all=*/false);
  EXPECT_EQ(Count(real_, "refused: "), 1);
  EXPECT_THAT(real_, HasSubstr("sharp   refused: xxx"));
  EXPECT_THAT(real_, HasSubstr("yyy...\n"));
  EXPECT_THAT(Lines(real_), Each(SizeIs(Le(120))));
  for (Row& row : board_.rows) {
    if (row.method == "sharp") row.entry.set_message(row.entry.tuner());
  }
  Render(/*all=*/true);
  EXPECT_EQ(Count(real_, "refused: "), 5);
}

TEST_F(TerminalTest, HeadlineFollows) {
  for (const bool all : {false, true}) {
    Render(all);
    ExpectInOrder({"Selectors against grid search on retrained models\n",
                   "\nsharp   spectrum_rule     0.380  grid_search_50   0.400  95.0% [",
                   "    1.0%        20\n"});
  }
}

TEST_F(TerminalTest, SummaryOverMethodsFollows) {
  std::vector<MethodResult> results = SampleResults();
  results.push_back(results[0]);
  results.back().set_method("keen");
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  board_ = *board;
  Render(/*all=*/false);
  EXPECT_THAT(text_, HasSubstr("\nspectrum_rule, on 2 damped methods: 95.0% of grid search's"));
}

TEST_F(TerminalTest, LinesAreAligned) {
  for (const bool all : {false, true}) {
    Render(all);
    for (const std::string& setting : {drawn_, real_}) {
      size_t width = 0;
      int rows = 0;
      for (const std::string& line : Lines(setting)) {
        EXPECT_THAT(line.size(), Le(120)) << line;
        // Lines of the table of entries end with the peak memory.
        if (!absl::EndsWith(line, " MiB")) continue;
        if (width == 0) width = line.size();
        EXPECT_EQ(line.size(), width) << line;
        ++rows;
      }
      EXPECT_EQ(rows, all ? 5 : 2);
    }
  }
}

TEST_F(TerminalTest, FitsWithLongNamesAndManyMetrics) {
  std::vector<MethodResult> results = SampleResults();
  for (MethodResult& result : results) {
    result.set_method(result.method() + std::string(40, 'm'));
    for (int i = 0; i < 9; ++i) {
      result.mutable_setting()->add_metrics()->set_name("other_" + std::string(1, 'a' + i));
    }
    for (Entry& entry : *result.mutable_entries()) {
      entry.set_tuner(entry.tuner() + std::string(40, 't'));
      if (entry.status() != OK) continue;
      MetricValue other = Lds(entry);
      other.set_name("other_a");
      *entry.add_metrics() = other;
    }
  }
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  for (const bool all : {false, true}) {
    const std::string text = RenderTerminal(*board, {/*color=*/false, all});
    EXPECT_THAT(Lines(text), Each(SizeIs(Le(120))));
    EXPECT_THAT(text, HasSubstr("other I [95% interval]"));
    EXPECT_THAT(text, HasSubstr("Columns left out for their width (LEADERBOARD.md has them): "));
  }
}

TEST_F(TerminalTest, ColorOnlyOnRequestAndOtherwiseTheSameText) {
  EXPECT_THAT(text_, Not(HasSubstr("\033")));
  std::string color = RenderTerminal(board_, {/*color=*/true, /*all=*/true});
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
  EXPECT_THAT(RenderTerminal(board_, {/*color=*/false, /*all=*/true}),
              HasSubstr("\n      " + word + "\n      short\n"));
}

}  // namespace
}  // namespace attribench
