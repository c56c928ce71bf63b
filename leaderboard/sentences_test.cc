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

TEST(SelectorSentencesTest, MedianAndWorst) {
  Board board;
  board.headlines.push_back(MakeHeadline("here", "b", .7, .02));
  EXPECT_THAT(
      SelectorSentences(board, "here"),
      ElementsAre("rule, on 1 damped method: 70.0% of grid search's LDS in the median, 70.0% "
                  "[69.0, 72.0] at worst (b); 2.0% of its tuning CPU time in the median, 2.0% at "
                  "most (b)."));
  board.headlines.push_back(MakeHeadline("here", "a", .9, .01));
  board.headlines.push_back(MakeHeadline("here", "c", 1.0, .5));
  board.headlines.push_back(MakeHeadline("here", "d", .96, .03));
  board.headlines.push_back(MakeHeadline("elsewhere", "e", .1, 2));
  board.headlines[2].flops_share = .2;
  EXPECT_THAT(
      SelectorSentences(board, "here"),
      ElementsAre("rule, on 4 damped methods: 93.0% of grid search's LDS in the median, 70.0% "
                  "[69.0, 72.0] at worst (b); 2.5% of its tuning CPU time in the median, 50.0% at "
                  "most (c); 20.0% of its tuning FLOPs in the median, 20.0% at most (c)."));
}

// Every damped method counts; those that cannot be compared come with the reason and their names.
TEST(SelectorSentencesTest, CountsWhatCannotBeCompared) {
  Board board;
  for (const char* method : {"a", "b", "c", "d", "e"}) {
    board.headlines.push_back(MakeHeadline("here", method, .9, .01));
  }
  for (const auto& [place, reason] : {std::make_pair(1, "the selector failed"),
                                      {2, "grid search failed"},
                                      {4, "the selector failed"}}) {
    board.headlines[place].share.reset();
    board.headlines[place].no_share = reason;
  }
  EXPECT_THAT(SelectorSentences(board, "here"),
              ElementsAre(StartsWith("rule, on 5 damped methods, of which 3 could not be compared: "
                                     "grid search failed (c), the selector failed (b, e). The "
                                     "other 2: 90.0% of grid search's LDS")));
}

TEST(SelectorSentencesTest, OneForEverySelectorByName) {
  Board board;
  for (const char* selector : {"z_rule", "a_rule"}) {
    for (const char* method : {"a", "b"}) {
      board.headlines.push_back(MakeHeadline("here", method, .9, .01));
      board.headlines.back().selector = selector;
    }
  }
  EXPECT_THAT(SelectorSentences(board, "here"),
              ElementsAre(StartsWith("a_rule, on 2 "), StartsWith("z_rule, on 2 ")));
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
  SettingFacts one_seed;
  one_seed.set_num_seeds(1);
  EXPECT_THAT(Facts(Board(), one_seed),
              Contains(Pair("noise ceiling", HasSubstr("each subset was retrained once"))));
}

}  // namespace
}  // namespace attribench
