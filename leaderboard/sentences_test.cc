// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/sentences.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

Headline MakeHeadline(const std::string& setting, const std::string& method, double share,
                      double cost) {
  Headline headline;
  headline.setting = setting;
  headline.method = method;
  headline.selector = "rule";
  headline.metric = "lds";
  headline.share = share;
  headline.share_low = share - .01;
  headline.share_high = share + .02;
  headline.cost_share = cost;
  return headline;
}

TEST(SelectorSummariesTest, MedianAndWorst) {
  Board board;
  board.headlines.push_back(MakeHeadline("here", "a", .9, .01));
  EXPECT_THAT(SelectorSummaries(board, "here"), IsEmpty());
  board.headlines.push_back(MakeHeadline("here", "b", .7, .02));
  board.headlines.push_back(MakeHeadline("here", "c", 1.0, .5));
  board.headlines.push_back(MakeHeadline("here", "d", .96, .03));
  board.headlines.push_back(MakeHeadline("elsewhere", "e", .1, 2));
  const std::string summary =
      "rule, over 4 damped methods: 93.0% of grid search's LDS in the median, 70.0% [69.0, 72.0] "
      "at "
      "worst (b); 2.5% of grid search's tuning CPU time in the median, 50.0% at most (c).";
  EXPECT_THAT(SelectorSummaries(board, "here"), ElementsAre(summary));
  board.headlines.push_back(MakeHeadline("here", "f", .1, .1));
  board.headlines.back().share.reset();
  EXPECT_THAT(SelectorSummaries(board, "here"),
              ElementsAre(summary + " 1 other method has no share: grid search failed, or the LDS "
                                    "is not positive."));
}

TEST(SelectorSummariesTest, OneForEverySelectorByName) {
  Board board;
  for (const char* selector : {"z_rule", "a_rule"}) {
    for (const char* method : {"a", "b"}) {
      board.headlines.push_back(MakeHeadline("here", method, .9, .01));
      board.headlines.back().selector = selector;
    }
  }
  EXPECT_THAT(SelectorSummaries(board, "here"),
              ElementsAre(StartsWith("a_rule, over 2 "), StartsWith("z_rule, over 2 ")));
}

TEST(FailureTest, StatusAndMessageInOneLine) {
  Row row;
  EXPECT_EQ(Failure(row), "");
  row.entry.set_status(TIMEOUT);
  EXPECT_EQ(Failure(row), "timeout: no message");
  row.entry.set_message("after\n60\x1b[31m s");
  EXPECT_EQ(Failure(row), "timeout: after 60 [31m s");
}

TEST(FailuresTest, SameTextsTogether) {
  std::vector<Row> rows(3);
  MethodBlock block;
  for (int i = 0; i < 3; ++i) {
    rows[i].entry.set_tuner(std::string(1, 'a' + i));
    rows[i].entry.set_status(REFUSED);
    block.rows.push_back(&rows[i]);
  }
  std::vector<FailureGroup> groups = Failures(block);
  ASSERT_EQ(groups.size(), 1);
  EXPECT_EQ(groups[0].tuners, "all 3 tuners");
  EXPECT_EQ(groups[0].text, "refused: no message");
  rows[1].entry.set_message("too large");
  groups = Failures(block);
  ASSERT_EQ(groups.size(), 2);
  EXPECT_EQ(groups[0].tuners, "a, c");
  EXPECT_EQ(groups[1].tuners, "b");
  EXPECT_EQ(groups[1].text, "refused: too large");
  for (Row& row : rows) row.entry.set_status(OK);
  EXPECT_THAT(Failures(block), IsEmpty());
  rows[0].entry.set_status(TIMEOUT);
  block.rows.resize(1);
  groups = Failures(block);
  ASSERT_EQ(groups.size(), 1);
  EXPECT_EQ(groups[0].tuners, "a");
}

TEST(FactsTest, SaysWhatATableStandsOn) {
  const auto board = MakeBoard(SampleResults());
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->settings[1].name(), "real");
  const auto real = Facts(*board, board->settings[1]);
  EXPECT_THAT(real, Contains(Pair("dataset", "digits")));
  EXPECT_THAT(real, Contains(Pair("synthetic", "no")));
  EXPECT_THAT(real, Contains(Pair("model", "MLP 784-32-10, 1,234,567 parameters")));
  EXPECT_THAT(real, Contains(Pair("examples", "5,000 train, 500 test")));
  EXPECT_THAT(real, Contains(Pair("retrained", "100 subsets x 5 seeds")));
  EXPECT_THAT(real, Contains(Pair("noise ceiling", "LDS 0.800 [0.750, 0.850]")));
  EXPECT_THAT(real, Contains(Pair("tuning block", HasSubstr("50 subsets, 250 test"))));
  EXPECT_THAT(real, Contains(Pair("reporting block", HasSubstr("50 other subsets, 250 other"))));
  EXPECT_THAT(real, Contains(Pair("measured on", "Example CPU, 1 thread, LibTorch 1.13.1")));
  const auto drawn = Facts(*board, board->settings[0]);
  EXPECT_THAT(drawn, Contains(Pair("dataset", HasSubstr("SYNTHETIC"))));
  EXPECT_THAT(drawn, Contains(Pair("synthetic", "yes")));
}

TEST(FactsTest, UnknownCeiling) {
  EXPECT_THAT(Facts(Board(), SettingFacts()), Contains(Pair("noise ceiling", "not known")));
}

}  // namespace
}  // namespace attribench
