// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/wording.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Headline Full() {
  Headline headline;
  headline.setting = "s";
  headline.method = "m";
  headline.grid_search = "grid_search_50";
  headline.selector_lds_share = .972;
  headline.selector_lds_share_low = .951;
  headline.selector_lds_share_high = .99;
  headline.selector_cost_share = .013;
  headline.selector_retrainings = 0;
  headline.grid_retrainings_to_match = 20;
  return headline;
}

TEST(SentenceTest, SaysAll) {
  EXPECT_EQ(Sentence(Full()),
            "m: the selector reaches 97.2% [95.1, 99.0] of grid search's LDS (grid_search_50) at "
            "1.3% of its tuning CPU time with 0 retrainings; grid search needs 20 retrainings to "
            "match it.");
}

TEST(SentenceTest, LeavesOutWhatIsMissing) {
  Headline headline = Full();
  headline.selector_lds_share_low.reset();
  headline.selector_cost_share.reset();
  headline.selector_retrainings = 1;
  headline.grid_retrainings_to_match.reset();
  EXPECT_EQ(Sentence(headline),
            "m: the selector reaches 97.2% of grid search's LDS (grid_search_50) with 1 "
            "retraining; no grid search here matches it.");
}

TEST(SentenceTest, WithoutPositiveGridSearchOrWithoutAny) {
  Headline headline = Full();
  headline.selector_lds_share.reset();
  EXPECT_THAT(Sentence(headline), HasSubstr("grid search's LDS (grid_search_50), which is not "
                                            "positive; it tunes at 1.3% of its tuning CPU time"));
  headline.grid_search.clear();
  EXPECT_EQ(Sentence(headline), "m: there is no grid search to compare the selector with.");
}

TEST(SentenceTest, SmallSharesKeepTwoDigits) {
  Headline headline = Full();
  headline.selector_cost_share = .000123;
  EXPECT_THAT(Sentence(headline), HasSubstr(" at 0.012% of"));
}

TEST(SelectorSummaryTest, MedianAndWorst) {
  Board board;
  const auto add = [&](const std::string& setting, const std::string& method, double lds,
                       double cost) {
    Headline headline;
    headline.setting = setting;
    headline.method = method;
    headline.selector_lds_share = lds;
    headline.selector_lds_share_low = lds - .01;
    headline.selector_lds_share_high = lds + .02;
    headline.selector_cost_share = cost;
    board.headlines.push_back(headline);
  };
  add("here", "a", .9, .01);
  EXPECT_EQ(SelectorSummary(board, "here"), "");
  add("here", "b", .7, .02);
  add("here", "c", 1.0, .5);
  add("here", "d", .96, .03);
  add("elsewhere", "e", .1, 2);
  board.headlines.push_back(Headline());  // nothing to compare
  board.headlines.back().setting = "here";
  EXPECT_EQ(SelectorSummary(board, "here"),
            "Of 4 damped methods the selector reaches 93.0% of grid search's LDS in the median and "
            "70.0% [69.0, 72.0] at worst (b), at 2.5% and 50.0% (c) of its tuning CPU time.");
}

Row FullRow() {
  Row row;
  row.method = "m";
  row.entry = SampleEntry("t", {-.0004, .0002});
  row.entry.set_absolute_damping(3.16e-5);
  row.entry.mutable_tuning_cost()->set_retrainings(50);
  row.entry.mutable_tuning_cost()->set_cpu_seconds(9.876);
  row.entry.mutable_total_cost()->set_cpu_seconds(12345.6);
  row.entry.set_peak_memory_bytes(int64_t{3} << 29);
  row.ceiling_share = .4567;
  row.oracle_lds = .4;
  row.rank = {2, 5};
  return row;
}

TEST(CellsTest, InTheOrderOfColumns) {
  EXPECT_EQ(Columns().size(), 11);
  EXPECT_THAT(Cells(FullRow()),
              ElementsAre("2-5", "m", "t", "0.000 [-0.050, 0.050]", "45.7%", "0.400", "3.16e-05",
                          "50", "9.88", "12346", "1.50 GiB"));
}

TEST(CellsTest, SharesNextToNothing) {
  Row row = FullRow();
  row.ceiling_share = -1e-9;
  EXPECT_EQ(Cells(row)[4], "0.0%");
  row.ceiling_share = -.004;
  EXPECT_EQ(Cells(row)[4], "-0.4%");
}

TEST(CellsTest, DashesAndStatusForWhatIsMissing) {
  Row row;
  row.method = "a\nb";
  row.rank = {3, 3};
  row.entry.set_status(OUT_OF_MEMORY);
  EXPECT_THAT(Cells(row),
              ElementsAre("3", "a b", "", "out_of_memory", "-", "-", "-", "-", "-", "-", "-"));
}

TEST(FailureTest, StatusAndMessageInOneLine) {
  Row row = FullRow();
  EXPECT_EQ(Failure(row), "");
  row.entry.set_status(TIMEOUT);
  EXPECT_EQ(Failure(row), "timeout: no message");
  row.entry.set_message("after\n60\x1b[31m s");
  EXPECT_EQ(Failure(row), "timeout: after 60 [31m s");
}

TEST(FactsTest, SaysWhatATableStandsOn) {
  const auto board = MakeBoard(SampleResults());
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->settings[1].name(), "real");
  const auto real = Facts(*board, board->settings[1]);
  EXPECT_THAT(real, Contains(Pair("dataset", "digits")));
  EXPECT_THAT(real, Contains(Pair("model", "MLP 784-32-10, 1,234,567 parameters")));
  EXPECT_THAT(real, Contains(Pair("examples", "5,000 train, 500 test")));
  EXPECT_THAT(real, Contains(Pair("retrained", "100 subsets x 5 seeds")));
  EXPECT_THAT(real, Contains(Pair("noise ceiling", "LDS 0.800 [0.750, 0.850]")));
  EXPECT_THAT(real, Contains(Pair("tuning block", HasSubstr("50 subsets, 250 test"))));
  EXPECT_THAT(real, Contains(Pair("reporting block", HasSubstr("50 other subsets, 250 other"))));
  EXPECT_THAT(real, Contains(Pair("measured on", "Example CPU, 1 thread, LibTorch 1.13.1")));
  const auto drawn = Facts(*board, board->settings[0]);
  EXPECT_THAT(drawn, Contains(Pair("dataset", HasSubstr("SYNTHETIC"))));
}

TEST(FactsTest, UnknownCeiling) {
  EXPECT_THAT(Facts(Board(), SettingFacts()), Contains(Pair("noise ceiling", "not known")));
}

TEST(StatusNameTest, WordsOfTheContract) {
  std::vector<std::string> names;
  for (int i = 0; i <= 7; ++i) names.push_back(StatusName(static_cast<EntryStatus>(i)));
  EXPECT_THAT(names, ElementsAre("ok", "nan", "singular", "out_of_memory", "timeout", "refused",
                                 "error", "error"));
  EXPECT_EQ(StatusName(static_cast<EntryStatus>(-1)), "error");
  EXPECT_EQ(StatusName(OUT_OF_MEMORY), "out_of_memory");
  EXPECT_EQ(StatusName(ERROR), "error");
}

}  // namespace
}  // namespace attribench
