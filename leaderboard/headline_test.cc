// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/headline.h"

#include <vector>

#include "gtest/gtest.h"

namespace attribench {
namespace {

Headline Compared(const std::string& method, double share, std::optional<int64_t> to_match) {
  Headline headline;
  headline.setting = "mnist";
  headline.selector = "rule";
  headline.method = method;
  headline.share = share;
  headline.share_low = share - .1;
  headline.share_high = share + .1;
  headline.flops_share = share / 100;
  headline.retrainings_to_match = to_match;
  return headline;
}

SelectorSummary SummaryOf(const std::vector<Headline>& headlines) {
  std::vector<const Headline*> pointers;
  for (const Headline& headline : headlines) pointers.push_back(&headline);
  return Summarize(pointers);
}

TEST(HeadlineTest, Median) {
  EXPECT_FALSE(Median({}).has_value());
  EXPECT_EQ(Median({3}), 3);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
}

TEST(HeadlineTest, SummaryLeavesOutWhatCannotBeCompared) {
  Headline failed;
  failed.no_share = "the selector failed";
  const SelectorSummary summary =
      SummaryOf({Compared("a", .9, 5), failed, Compared("b", .5, 2), Compared("c", 1.2, 50)});
  EXPECT_EQ(summary.setting, "mnist");
  EXPECT_EQ(summary.selector, "rule");
  EXPECT_EQ(summary.num_methods, 4);
  EXPECT_EQ(summary.num_compared, 3);
  EXPECT_EQ(summary.median_share, .9);
  EXPECT_EQ(summary.worst_method, "b");
  EXPECT_EQ(summary.worst_share, .5);
  EXPECT_EQ(summary.worst_share_low, .4);
  EXPECT_EQ(summary.worst_share_high, .6);
  EXPECT_EQ(summary.median_flops_share, .9 / 100);
  EXPECT_FALSE(summary.median_cost_share.has_value());
  EXPECT_EQ(summary.median_retrainings_to_match, 5);
}

// No search reaches two of three methods: neither does one reach the median.
TEST(HeadlineTest, NoSearchMatchesTheMedian) {
  const SelectorSummary summary = SummaryOf(
      {Compared("a", .9, 5), Compared("b", 1.1, std::nullopt), Compared("c", 1.2, std::nullopt)});
  EXPECT_FALSE(summary.median_retrainings_to_match.has_value());
}

TEST(HeadlineTest, NothingToCompare) {
  Headline failed;
  failed.setting = "mnist";
  const SelectorSummary summary = SummaryOf({failed});
  EXPECT_EQ(summary.num_methods, 1);
  EXPECT_EQ(summary.num_compared, 0);
  EXPECT_FALSE(summary.median_share.has_value());
  EXPECT_FALSE(summary.worst_share.has_value());
}

}  // namespace
}  // namespace attribench
